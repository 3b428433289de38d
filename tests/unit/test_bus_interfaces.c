/* SPDX-License-Identifier: MIT */
/*
 * test_bus_interfaces - the installed XML says what the tables say
 *
 * Both are stripped of comments and of blanks between tags; what is left must be the same text: names,
 * signatures, directions, access and annotations, in the same order.
 */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "watcher/bus/bus_object.h"

static const struct bus_interface *interface_of(size_t i) {
        const struct bus_interface *const all[] = {&bus_interface_manager, &bus_interface_control,
                bus_kind_condition.interface, bus_kind_playbook.interface, bus_kind_incident.interface,
                bus_kind_run.interface, bus_kind_lease.interface};

        return i < sizeof(all) / sizeof(all[0]) ? all[i] : NULL;
}

static char *read_file(const char *interface) {
        char path[512], *text = calloc(1, 1 << 20);

        snprintf(path, sizeof(path), "%s/%s.xml", INTERFACES_DIR, interface);
        FILE *file = fopen(path, "re");

        if (!file)
                fail_msg("no file %s", path);
        assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
        fclose(file);
        return text;
}

/* In place: without comments, and without blanks next to a tag's brackets; a run of blanks is one. */
static void normalise(char *text) {
        char *to = text;

        for (const char *from = text; *from;) {
                if (strncmp(from, "<!--", 4) == 0) {
                        from = strstr(from, "-->");
                        assert_non_null(from);
                        from += 3;
                } else if (isspace((unsigned char)*from)) {
                        while (isspace((unsigned char)*from))
                                from++;
                        if (to > text && to[-1] != '>' && *from != '<' && *from != '\0')
                                *to++ = ' ';
                } else {
                        *to++ = *from++;
                }
        }
        *to = '\0';
}

static void installed_xml_says_what_the_tables_say(void **state) {
        (void)state;
        for (size_t i = 0; interface_of(i); i++) {
                char *generated = bus_introspect_interface(interface_of(i));
                char *installed = read_file(interface_of(i)->name);
                char *begin, *end;

                normalise(generated);
                normalise(installed);
                begin = strstr(installed, "<interface ");
                end = strstr(installed, "</interface>");
                assert_non_null(begin);
                assert_non_null(end);
                end[strlen("</interface>")] = '\0';
                assert_string_equal(begin, generated);
                free(generated);
                free(installed);
        }
}

static void check_type(const char *type) {
        if (!dbus_signature_validate_single(type, NULL))
                fail_msg("'%s' is no D-Bus type", type);
}

static void every_type_of_the_tables_is_one(void **state) {
        (void)state;
        for (size_t i = 0; interface_of(i); i++) {
                const struct bus_interface *interface = interface_of(i);

                for (const struct bus_method *row = interface->methods; row && row->name; row++) {
                        for (const struct bus_argument *in = row->in; in && in->name; in++)
                                check_type(in->type);
                        for (const struct bus_argument *out = row->out; out && out->name; out++)
                                check_type(out->type);
                }
                for (const struct bus_signal *row = interface->signals; row && row->name; row++)
                        for (const struct bus_argument *a = row->arguments; a && a->name; a++)
                                check_type(a->type);
                size_t n = 0;

                for (const struct bus_property *row = interface->properties; row && row->name; row++, n++)
                        check_type(row->type);
                assert_true(n <= BUS_PROPERTIES_MAX);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(installed_xml_says_what_the_tables_say),
                cmocka_unit_test(every_type_of_the_tables_is_one),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
