/* What is printed by more than one command. */
#include <math.h>
#include <stdio.h>

#include "commands.h"

size_t print_escaped(const char *text)
{
    size_t width = 0;
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '\n' || (c >= 0x20 && c < 0x7f)) {
            putchar(c);
            width++;
        } else {
            printf("\\x%02x", c);
            width += 4;
        }
    }
    return width;
}

const char *value_text(double value, char text[VALUE_TEXT])
{
    /* The sign of a NaN says nothing, and systems differ in whether they print it. */
    if (isnan(value))
        (void)snprintf(text, VALUE_TEXT, "nan");
    else
        (void)snprintf(text, VALUE_TEXT, "%.9g", value);
    return text;
}
