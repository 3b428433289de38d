sg_test(test_sandbox sg_lua)
sg_test(test_script sg_script sg_fake_executor)
