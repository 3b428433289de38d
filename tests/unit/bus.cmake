add_library(sg_served_bus STATIC ${PROJECT_SOURCE_DIR}/tests/support/fake_engine.c
  ${PROJECT_SOURCE_DIR}/tests/support/fake_queue.c ${PROJECT_SOURCE_DIR}/tests/support/served_bus.c ${PROJECT_SOURCE_DIR}/tests/support/bus_client.c)
target_include_directories(sg_served_bus PUBLIC ${PROJECT_SOURCE_DIR}/tests)
target_link_libraries(sg_served_bus PUBLIC sg_bus sg_record sg_base PkgConfig::DBUS m)

sg_test(test_bus_path sg_bus sg_served_bus)
sg_test(test_bus_interfaces sg_bus sg_served_bus)
target_compile_definitions(test_bus_interfaces PRIVATE INTERFACES_DIR="${PROJECT_SOURCE_DIR}/packaging/interfaces")
sg_test(test_bus sg_bus sg_served_bus)
sg_test(test_bus_control sg_bus sg_served_bus)
sg_test(test_bus_hostile sg_bus sg_served_bus)
sg_test(test_bus_lease sg_bus sg_served_bus)
foreach(test test_bus_queue_shape test_bus_queue_messages test_bus_queue_refused)
  sg_test(${test} sg_bus sg_served_bus)
endforeach()
sg_test(test_bus_queue_time sg_bus sg_served_bus)
target_link_options(test_bus_queue_time PRIVATE
  -Wl,--wrap=bus_connection_send_consume,--wrap=bus_connection_is_session,--wrap=bus_sender_ask)
