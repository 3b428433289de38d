sg_test(test_text sg_base)
sg_test(test_back_by sg_base)
sg_test(test_log sg_base)
# Its scratch directory is that of the executor's tests.
sg_test(test_program sg_config)
sg_test(test_loop sg_base)
sg_test(test_loop_sdevent sg_base)
