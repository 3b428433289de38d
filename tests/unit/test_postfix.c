/* SPDX-License-Identifier: MIT */
/* test_postfix - the descriptor of the plugin: an option for each class of reasons, and rows that agree */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "postfix/postfix.h"
#include "postfix/reason_site.h"

static void each_class_of_reasons_has_its_option(void **state) {
        (void)state;
        for (size_t i = 0; i < REASON_SITE_CLASSES; i++) {
                const struct sg_option *option = &sg_plugin.options[POSTFIX_OPTION_REASONS + i];
                char name[64];

                snprintf(name, sizeof(name), "reason_%s", reason_name(reason_site_classes[i]));
                for (char *dash = strchr(name, '-'); dash; dash = strchr(dash, '-'))
                        *dash = '_';
                assert_string_equal(option->name, name);
                assert_int_equal(option->type, SG_TYPE_LIST);
        }
        assert_null(sg_plugin.options[POSTFIX_OPTIONS].name);
}

static void each_option_says_what_it_is_for(void **state) {
        (void)state;
        for (const struct sg_option *option = sg_plugin.options; option->name; option++) {
                assert_non_null(option->doc);
                assert_non_null(option->fallback);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_class_of_reasons_has_its_option),
                cmocka_unit_test(each_option_says_what_it_is_for),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
