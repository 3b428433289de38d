sg_test(test_selector sg_watcher sg_role)
