# A plugin's test links the very objects that its .so is made of, but for the loop and the benches of tests/support.
foreach(plugin disk journal sample)
  sg_test(test_${plugin} sg_bench sg_scratch sg_plugin_${plugin}_objects)
endforeach()

# The tutorial as a stranger builds it: headers and pkg-config file installed somewhere, make, and nothing else.
add_test(NAME sample_builds_out_of_tree
  COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/sample_out_of_tree.sh ${CMAKE_COMMAND} ${PROJECT_BINARY_DIR}/include
          ${PROJECT_SOURCE_DIR}/plugins/sample)
