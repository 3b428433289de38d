sg_fuzz(fuzz_config sg_config)
sg_fuzz(fuzz_lines sg_loader)
