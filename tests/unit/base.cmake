sg_test(test_text sg_base)
sg_test(test_log sg_base)
sg_test(test_loop sg_base)
sg_test(test_loop_sdevent sg_base)
