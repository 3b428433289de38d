sg_test(test_wire sg_wire sg_wire_samples)
sg_test(test_channel sg_wire sg_wire_samples)
sg_test(test_breadcrumb sg_wire)
