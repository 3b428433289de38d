sg_test(test_plugin sg_plugin sg_scratch)
add_dependencies(test_plugin sg_plugin_disk sg_plugin_journal sg_plugin_sample sg_bad_plugins)
target_compile_definitions(test_plugin PRIVATE
  PLUGIN_DIR="${SG_PLUGIN_BUILD_DIR}" BAD_PLUGIN_DIR="${SG_BAD_PLUGIN_BUILD_DIR}")
