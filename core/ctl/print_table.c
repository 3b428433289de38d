/* SPDX-License-Identifier: MIT */
/*
 * print_table - columns that line up, as wide as the terminal and not wider
 *
 * Runs in: spoolguardctl.  Cells are escaped when they come in, so nothing in them can move a cursor.  The last
 * column is the talkative one: on a terminal it is wrapped below itself, or below its row where too little room
 * is left beside it.  Into a pipe or file every row is one line, for tools.
 *
 * Limits: a table keeps its cells in memory until it is printed.  Only the last column wraps.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text.h"
#include "ctl/print.h"

#define CELL_MAX 1024
#define INDENT 2
#define BELOW 6     /* indent of a last cell that has a line of its own */
#define ROOM_MIN 24 /* less than that beside the other columns is no room */
#define WIDTH_MIN 40

struct print_table {
        size_t n_columns, n_rows;
        size_t widths[PRINT_COLUMNS_MAX];
        bool is_number[PRINT_COLUMNS_MAX];
        char **cells; /* n_rows * n_columns, escaped */
};

/* Columns of the terminal ($COLUMNS goes before); 0: this is none, and lines may be of any length. */
static size_t terminal_width(void) {
        const char *told = getenv("COLUMNS");
        struct winsize size;
        unsigned long width = told ? strtoul(told, NULL, 10) : 0;

        if (width == 0 && isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
                width = size.ws_col;
        return width == 0 || width >= WIDTH_MIN ? width : WIDTH_MIN;
}

/* Characters, not bytes: bytes that continue a UTF-8 character take no column. */
static size_t width_of(const char *text) {
        size_t width = 0;

        for (; *text; text++)
                width += ((unsigned char)*text & 0xc0) != 0x80;
        return width;
}

void print_table_row(struct print_table *table, const char *const *cells) {
        char clean[CELL_MAX];
        char **grown =
                reallocarray(table->cells, (table->n_rows + 1) * table->n_columns, sizeof(*table->cells));

        if (!grown)
                abort();
        table->cells = grown;
        for (size_t i = 0; i < table->n_columns; i++) {
                text_escape(clean, sizeof(clean), cells[i]);
                char *copy = strdup(clean);

                if (!copy)
                        abort();
                table->cells[table->n_rows * table->n_columns + i] = copy;
                if (width_of(copy) > table->widths[i])
                        table->widths[i] = width_of(copy);
        }
        table->n_rows++;
}

struct print_table *print_table_new(const char *const *headers) {
        struct print_table *table = calloc(1, sizeof(*table));
        const char *words[PRINT_COLUMNS_MAX];

        if (!table)
                abort();
        for (size_t i = 0; headers[i]; i++) {
                table->is_number[i] = headers[i][0] == '>';
                words[i] = headers[i] + (table->is_number[i] ? 1 : 0);
                table->n_columns = i + 1;
        }
        print_table_row(table, words);
        return table;
}

/* Word by word; what comes after the first line is indented to `indent`. */
void print_wrapped(size_t at, size_t indent, const char *text) {
        size_t limit = terminal_width();
        char clean[CELL_MAX];

        text_escape(clean, sizeof(clean), text);
        for (char *next = clean, *word; (word = strsep(&next, " "));) {
                size_t width = width_of(word);

                if (word != clean && limit > 0 && at + 1 + width > limit) {
                        printf("\n%*s", (int)indent, "");
                        at = indent;
                } else if (word != clean) {
                        putchar(' ');
                        at++;
                }
                fputs(word, stdout);
                at += width;
        }
        putchar('\n');
}

static void print_cell(const struct ctl *ctl, const char *cell, bool is_header) {
        const char *colour = is_header ? NULL : print_colour(ctl, cell);

        fputs(colour ? colour : "", stdout);
        fputs(cell, stdout);
        fputs(colour ? PRINT_PLAIN : "", stdout);
}

static void pad(size_t width) {
        printf("%*s", (int)width, "");
}

/* In its column, else right behind the cell before it, which ends at `at`, else below; wrapped where that helps. */
static void print_last(const struct ctl *ctl, const char *cell, size_t at, size_t padding, bool is_header) {
        size_t limit = terminal_width(), width = width_of(cell),
               column = at > INDENT ? at + padding + 2 : INDENT;

        if (limit == 0 || column + width <= limit || column == INDENT) {
                pad(column - at);
                print_cell(ctl, cell, is_header);
                putchar('\n');
        } else if (column + ROOM_MIN <= limit) {
                pad(column - at);
                print_wrapped(column, column, cell);
        } else if (at + 2 + width <= limit) {
                pad(2);
                print_cell(ctl, cell, is_header);
                putchar('\n');
        } else {
                putchar('\n');
                pad(BELOW);
                print_wrapped(BELOW, BELOW, cell);
        }
}

/* Blanks in front of a cell of the column, or behind it. */
static size_t padding_of(const struct print_table *table, size_t column, const char *cell, bool in_front) {
        return table->is_number[column] == in_front ? table->widths[column] - width_of(cell) : 0;
}

static void print_row(const struct ctl *ctl, const struct print_table *table, size_t row) {
        char *const *cells = &table->cells[row * table->n_columns];
        size_t last = table->n_columns - 1, at = INDENT;

        while (last > 0 && !cells[last][0])
                last--;
        printf("%*s", INDENT, "");
        for (size_t i = 0; i < last; i++) {
                size_t behind = i + 1 < last ? padding_of(table, i, cells[i], false) + 2 : 0;

                pad(padding_of(table, i, cells[i], true));
                print_cell(ctl, cells[i], row == 0);
                pad(behind);
                at += padding_of(table, i, cells[i], true) + width_of(cells[i]) + behind;
        }
        size_t padding = padding_of(table, last, cells[last], true);

        if (last > 0)
                padding += padding_of(table, last - 1, cells[last - 1], false);
        print_last(ctl, cells[last], at, padding, row == 0);
}

void print_table_consume(const struct ctl *ctl, struct print_table *table) {
        for (size_t row = 0; row < table->n_rows; row++)
                print_row(ctl, table, row);
        print_table_free(table);
}

struct print_table *print_table_free(struct print_table *table) {
        if (!table)
                return NULL;
        for (size_t i = 0; i < table->n_rows * table->n_columns; i++)
                free(table->cells[i]);
        free(table->cells);
        free(table);
        return NULL;
}
