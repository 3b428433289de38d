sg_test(test_selector sg_watcher sg_role)
sg_test(test_sensor_reads sg_watcher sg_role)
sg_test(test_shut_out sg_watcher sg_role)
sg_test(test_questions sg_watcher sg_role)
