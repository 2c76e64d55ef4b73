//! Rows of numbers, with or without gaps between them.
use crate::ffi::product;
use crate::{Error, Operand, Result, Status};

/// Rows of `columns` values each, `stride` values apart: of `f32`, [`F16`](crate::F16) or [`BF16`](crate::BF16).
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a, T = f32> {
    data: &'a [T],
    rows: usize,
    columns: usize,
    stride: usize,
}

/// The same to be written to.
#[derive(Debug)]
pub struct MatrixMut<'a, T = f32> {
    data: &'a mut [T],
    rows: usize,
    columns: usize,
    stride: usize,
}

fn rows_of(len: usize, columns: usize) -> Result<usize> {
    if columns == 0 {
        return Err(Error::new(Status::SHAPE, "a matrix without columns"));
    }
    if len % columns != 0 {
        return Err(Error::new(Status::SHAPE, format!("{} values are no whole rows of {} columns", len, columns)));
    }
    Ok(len / columns)
}

fn check(len: usize, rows: usize, columns: usize, stride: usize) -> Result<()> {
    if columns == 0 {
        return Err(Error::new(Status::SHAPE, "a matrix without columns"));
    }
    if stride < columns && rows > 1 {
        return Err(Error::new(
            Status::SHAPE,
            format!("a stride of {} is less than the {} columns of a row", stride, columns),
        ));
    }
    let overflows = || Error::new(Status::RANGE, "a matrix: its size overflows");
    let needed = match rows {
        0 => 0,
        _ => product(&[rows - 1, stride], "a matrix")?.checked_add(columns).ok_or_else(overflows)?,
    };
    if len < needed {
        return Err(Error::new(
            Status::SHAPE,
            format!(
                "{} rows of {} columns, {} apart, need {} values; there are {}",
                rows, columns, stride, needed, len
            ),
        ));
    }
    Ok(())
}

impl<'a, T: Operand> Matrix<'a, T> {
    /// All of an array, row after row.
    ///
    /// ```
    /// use activ::Matrix;
    /// assert_eq!(Matrix::new(&[0.0; 6], 3)?.rows(), 2);
    /// assert!(Matrix::new(&[0.0; 7], 3).is_err());
    /// # Ok::<(), activ::Error>(())
    /// ```
    pub fn new(data: &'a [T], columns: usize) -> Result<Matrix<'a, T>> {
        Ok(Matrix { data, rows: rows_of(data.len(), columns)?, columns, stride: columns })
    }

    /// Rows that begin `stride` values apart.
    pub fn with_stride(data: &'a [T], rows: usize, columns: usize, stride: usize) -> Result<Matrix<'a, T>> {
        check(data.len(), rows, columns, stride)?;
        Ok(Matrix { data, rows, columns, stride })
    }

    /// The left and the right half of all rows, without a copy. An odd number of columns is an error.
    pub fn halves(self) -> Result<(Matrix<'a, T>, Matrix<'a, T>)> {
        check_halves(self.columns)?;
        let half = self.columns / 2;
        let right = if self.rows > 0 { &self.data[half..] } else { self.data };
        Ok((
            Matrix { data: self.data, rows: self.rows, columns: half, stride: self.stride },
            Matrix { data: right, rows: self.rows, columns: half, stride: self.stride },
        ))
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many values in a row.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// From the beginning of one row to that of the next.
    pub fn stride(&self) -> usize {
        self.stride
    }

    pub(crate) fn as_ptr(&self) -> *const T {
        self.data.as_ptr()
    }
}

pub(crate) fn check_halves(columns: usize) -> Result<()> {
    if columns % 2 == 0 {
        return Ok(());
    }
    Err(Error::new(Status::SHAPE, format!("{} columns have no two halves", columns)))
}

impl<'a, T: Operand> MatrixMut<'a, T> {
    /// All of an array, row after row.
    pub fn new(data: &'a mut [T], columns: usize) -> Result<MatrixMut<'a, T>> {
        let rows = rows_of(data.len(), columns)?;
        Ok(MatrixMut { data, rows, columns, stride: columns })
    }

    /// Rows that begin `stride` values apart. The values between them are left alone.
    pub fn with_stride(data: &'a mut [T], rows: usize, columns: usize, stride: usize) -> Result<MatrixMut<'a, T>> {
        check(data.len(), rows, columns, stride)?;
        Ok(MatrixMut { data, rows, columns, stride })
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many values in a row.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// From the beginning of one row to that of the next.
    pub fn stride(&self) -> usize {
        self.stride
    }

    pub(crate) fn as_mut_ptr(&mut self) -> *mut T {
        self.data.as_mut_ptr()
    }
}

pub(crate) fn check_shape(name: &str, shape: (usize, usize), other: &str, wanted: (usize, usize)) -> Result<()> {
    if shape == wanted {
        return Ok(());
    }
    Err(Error::new(
        Status::SHAPE,
        format!("{} is {} x {}, {} is {} x {}", name, shape.0, shape.1, other, wanted.0, wanted.1),
    ))
}
