/* SPDX-License-Identifier: MIT */
/*
 * loader_lines - on which line of a Lua file a key of its table is written
 *
 * Runs in the loader.  Lua forgets where a value came from, so this reads the source once more, as tokens, and
 * notes the line of every `name =` and `["name"] =` at the start of a field of a table constructor.  What is
 * inside functions and other blocks is skipped, and a table that is the item of a list has no path.
 *
 * This is for messages only: nothing is decided by it.  A configuration that is built in another way than by
 * one constructor gets the line of what encloses a key, in the end line 1.  It never fails on bad input, since
 * the Lua compiler says better what is wrong; only -ENOMEM.
 *
 * Owns the paths it found.  Limits: DEPTH_MAX nested tables, PATH_MAX_BYTES of a path; deeper ones are ignored.
 */
#include "loader/loader_lines.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

#define DEPTH_MAX 16
#define PATH_MAX_BYTES 256

enum token_type { TOKEN_END, TOKEN_NAME, TOKEN_STRING, TOKEN_SYMBOL, TOKEN_NUMBER };

/* `start` and `length` are of the word, of what is between the quotes, or of the symbol. */
struct token {
        enum token_type type;
        const char *start;
        size_t length;
        unsigned line;
};

struct scanner {
        const char *at, *end;
        unsigned line;
};

static char peek(const struct scanner *scanner, size_t offset) {
        return offset < (size_t)(scanner->end - scanner->at) ? scanner->at[offset] : '\0';
}

static void advance(struct scanner *scanner, size_t n) {
        for (; n > 0 && scanner->at < scanner->end; n--)
                if (*scanner->at++ == '\n')
                        scanner->line++;
}

/* At "[[" or "[==[": the number of '=' signs; -1: no long bracket. */
static int bracket_level(const struct scanner *scanner) {
        size_t level = 0;

        if (peek(scanner, 0) != '[')
                return -1;
        while (peek(scanner, 1 + level) == '=')
                level++;
        return peek(scanner, 1 + level) == '[' ? (int)level : -1;
}

static bool closes(const struct scanner *scanner, int level) {
        size_t i = 1;

        if (peek(scanner, 0) != ']')
                return false;
        while (peek(scanner, i) == '=')
                i++;
        return peek(scanner, i) == ']' && i == (size_t)level + 1;
}

static void skip_long_bracket(struct scanner *scanner, int level) {
        advance(scanner, (size_t)level + 2);
        while (scanner->at < scanner->end && !closes(scanner, level))
                advance(scanner, 1);
        advance(scanner, (size_t)level + 2);
}

static void skip_blank(struct scanner *scanner) {
        while (scanner->at < scanner->end) {
                if (isspace((unsigned char)*scanner->at)) {
                        advance(scanner, 1);
                } else if (peek(scanner, 0) == '-' && peek(scanner, 1) == '-') {
                        int level;

                        advance(scanner, 2);
                        level = bracket_level(scanner);
                        if (level >= 0)
                                skip_long_bracket(scanner, level);
                        else
                                while (scanner->at < scanner->end && *scanner->at != '\n')
                                        advance(scanner, 1);
                } else
                        break;
        }
}

static bool is_word(char c) {
        return isalnum((unsigned char)c) || c == '_';
}

static void scan_string(struct scanner *scanner, struct token *token) {
        char quote = *scanner->at;

        advance(scanner, 1);
        token->start = scanner->at;
        while (scanner->at < scanner->end && *scanner->at != quote)
                advance(scanner, *scanner->at == '\\' ? 2 : 1);
        token->length = (size_t)(scanner->at - token->start);
        advance(scanner, 1);
}

static struct token next_token(struct scanner *scanner) {
        struct token token = {.type = TOKEN_END};
        int level;

        skip_blank(scanner);
        token.start = scanner->at;
        token.line = scanner->line;
        if (scanner->at >= scanner->end)
                return token;

        level = bracket_level(scanner);
        if (level >= 0) {
                token.type = TOKEN_STRING;
                skip_long_bracket(scanner, level);
        } else if (*scanner->at == '"' || *scanner->at == '\'') {
                token.type = TOKEN_STRING;
                scan_string(scanner, &token);
        } else if (is_word(*scanner->at)) {
                token.type = isdigit((unsigned char)*scanner->at) ? TOKEN_NUMBER : TOKEN_NAME;
                while (scanner->at < scanner->end && is_word(*scanner->at))
                        advance(scanner, 1);
                token.length = (size_t)(scanner->at - token.start);
        } else {
                token.type = TOKEN_SYMBOL;
                token.length = peek(scanner, 0) == '=' && peek(scanner, 1) == '=' ? 2 : 1;
                advance(scanner, token.length);
        }
        return token;
}

static bool token_is(const struct token *token, enum token_type type, const char *text) {
        return token->type == type && token->length == strlen(text) &&
                memcmp(token->start, text, token->length) == 0;
}

/* +1, -1 or 0: how a word changes the depth of blocks that end with `end` or `until`. */
static int block_step(const struct token *token) {
        static const struct {
                const char *word;
                int step;
        } words[] = {{"function", 1}, {"do", 1}, {"if", 1}, {"repeat", 1}, {"end", -1}, {"until", -1}};

        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                if (token_is(token, TOKEN_NAME, words[i].word))
                        return words[i].step;
        return 0;
}

/* `name =` or `["name"] =` beginning with `first`; the scanner moves behind the '='. */
static bool take_key(struct scanner *scanner, const struct token *first, struct token *ret_key) {
        struct scanner ahead = *scanner;
        struct token token, key = *first;

        if (token_is(first, TOKEN_SYMBOL, "[")) {
                key = next_token(&ahead);
                token = next_token(&ahead);
                if (key.type != TOKEN_STRING || !token_is(&token, TOKEN_SYMBOL, "]"))
                        return false;
        } else if (first->type != TOKEN_NAME)
                return false;
        token = next_token(&ahead);
        if (!token_is(&token, TOKEN_SYMBOL, "="))
                return false;
        *scanner = ahead;
        *ret_key = key;
        return true;
}

static int note(struct loader_lines *lines, const char *path, unsigned line) {
        if (lines->n == lines->allocated) {
                size_t allocated = lines->allocated ? 2 * lines->allocated : 32;
                struct loader_line *items = realloc(lines->items, allocated * sizeof(*items));

                if (!items)
                        return -ENOMEM;
                lines->items = items;
                lines->allocated = allocated;
        }
        lines->items[lines->n] = (struct loader_line){.path = strdup(path), .line = line};
        if (!lines->items[lines->n].path)
                return -ENOMEM;
        lines->n++;
        return 0;
}

struct frames {
        char path[DEPTH_MAX][PATH_MAX_BYTES]; /* of the open table; of a list item: "?" */
        size_t depth, ignored;
        char pending[PATH_MAX_BYTES]; /* the key whose value comes next; "?": none */
};

static void frames_open(struct frames *frames) {
        if (frames->depth == DEPTH_MAX)
                frames->ignored++;
        else
                text_copy(frames->path[frames->depth++], PATH_MAX_BYTES, frames->pending);
        text_copy(frames->pending, sizeof(frames->pending), "?");
}

static void frames_close(struct frames *frames) {
        if (frames->ignored > 0)
                frames->ignored--;
        else if (frames->depth > 0)
                frames->depth--;
        /* Outside of all tables the next constructor is a root again. */
        text_copy(frames->pending, sizeof(frames->pending), frames->depth == 0 ? "" : "?");
}

static int frames_key(struct frames *frames, const struct token *key, struct loader_lines *lines) {
        const char *parent = frames->path[frames->depth - 1];

        if (strcmp(parent, "?") == 0)
                return 0;
        text_format(frames->pending, sizeof(frames->pending), "%s%s%.*s", parent, *parent ? "." : "",
                (int)key->length, key->start);
        return note(lines, frames->pending, key->line);
}

int loader_lines_init(struct loader_lines *lines, const char *text, size_t size) {
        struct scanner scanner = {.at = text, .end = text + size, .line = 1};
        bool at_field = false;
        struct frames *frames;
        int blocks = 0, r = 0;

        *lines = (struct loader_lines){.blank = true};
        frames = calloc(1, sizeof(*frames));
        if (!frames)
                return -ENOMEM;

        while (r >= 0) {
                struct token token = next_token(&scanner), key;

                if (token.type == TOKEN_END)
                        break;
                lines->blank = false;
                blocks += block_step(&token);
                if (blocks != 0)
                        continue;
                if (at_field && frames->depth > 0 && take_key(&scanner, &token, &key)) {
                        r = frames_key(frames, &key, lines);
                        at_field = false;
                } else if (token_is(&token, TOKEN_SYMBOL, "{")) {
                        frames_open(frames);
                        at_field = true;
                } else if (token_is(&token, TOKEN_SYMBOL, "}")) {
                        frames_close(frames);
                        at_field = false;
                } else {
                        at_field = token_is(&token, TOKEN_SYMBOL, ",") || token_is(&token, TOKEN_SYMBOL, ";");
                        if (at_field && frames->depth > 0)
                                text_copy(frames->pending, sizeof(frames->pending), "?");
                }
        }
        free(frames);
        if (r < 0)
                loader_lines_deinit(lines);
        return r;
}

void loader_lines_deinit(struct loader_lines *lines) {
        for (size_t i = 0; i < lines->n; i++)
                free(lines->items[i].path);
        free(lines->items);
        *lines = (struct loader_lines){0};
}

unsigned loader_lines_find(const struct loader_lines *lines, const char *path) {
        size_t length = strlen(path);

        while (length > 0) {
                /* The last one counts, as it does in Lua. */
                for (size_t i = lines->n; i-- > 0;)
                        if (strncmp(lines->items[i].path, path, length) == 0 &&
                                lines->items[i].path[length] == '\0')
                                return lines->items[i].line;
                while (length > 0 && path[--length] != '.') {
                }
        }
        return 1;
}
