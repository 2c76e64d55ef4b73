//! What may move to another thread, and what may be shared: checked when this is compiled. (What must not be done with
//! a handle, as using one that was moved, is checked by the `compile_fail` examples of the documentation.)
use activ::analysis::{GraphNeurons, Histogram, Neurons, NeuronsReport, Quantiles, Stats};
use activ::safetensors::SafeTensors;
use activ::{
    Context, Custom, Error, Function, Graph, LayerView, Matrix, MatrixMut, Node, Optimizer, Status, Step, Tensor,
    TensorRef, Workspace,
};

fn shared<T: Send + Sync>() {}
fn moved<T: Send>() {}

#[test]
fn handles_are_send_and_sync() {
    shared::<Context>();
    shared::<Function>();
    shared::<Custom>();
    shared::<Graph>();
    shared::<Optimizer>();
    shared::<Tensor<'static>>();
    shared::<TensorRef<'static>>();
    shared::<SafeTensors>();
    shared::<Histogram>();
    shared::<Stats>();
    shared::<Quantiles>();
    shared::<Neurons>();
    shared::<NeuronsReport<'static>>();
    shared::<GraphNeurons>();
    shared::<LayerView<'static>>();
    shared::<Node>();
    shared::<Workspace>();
    shared::<Matrix<'static>>();
    shared::<MatrixMut<'static>>();
    shared::<Error>();
    shared::<Status>();
    moved::<Step<'static>>();
}

#[test]
fn errors_go_where_errors_go() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let fails = || -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Function::new("nonesuch")?;
        Ok(())
    };
    let error = fails().unwrap_err();
    assert_eq!(error.downcast_ref::<Error>().unwrap().status, Status::UNKNOWN_NAME);
    assert_eq!(Status::RANGE.code(), 5);
    assert!(format!("{:?}", Status::RANGE).starts_with("Status(5: "));
    Ok(())
}
