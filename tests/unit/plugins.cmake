# A plugin's test links the very objects that its .so is made of, but for the loop and the benches of tests/support.
foreach(plugin disk sample)
  sg_test(test_${plugin} sg_bench sg_scratch sg_plugin_${plugin}_objects)
endforeach()

# Through /proc/PID/fd.
sg_test(test_open_files sg_scratch sg_plugin_disk_objects)
sg_test(test_deleted_open sg_bench sg_scratch sg_plugin_disk_objects)
sg_test(test_reopen sg_bench sg_scratch sg_plugin_logs_objects)
sg_test(test_space_gain sg_plugin_disk_objects)
target_link_options(test_space_gain PRIVATE -Wl,--wrap=fstat,--wrap=fstatvfs,--wrap=syncfs,--wrap=nanosleep)

foreach(name forecast interval limits mounted mounts sensor)
  sg_test(test_disk_${name} sg_bench sg_scratch sg_plugin_disk_objects)
endforeach()
target_sources(test_disk_forecast PRIVATE ${PROJECT_SOURCE_DIR}/tests/support/disk_series.c)
target_link_options(test_disk_limits PRIVATE -Wl,--wrap=statvfs,--wrap=ioctl)

foreach(name plan vacuum sensor)
  sg_test(test_journal_${name} sg_bench sg_scratch sg_plugin_journal_objects)
endforeach()

foreach(name logs logs_sensor logs_rotated logs_compress logs_spare logs_rotate logs_rotate_conf logs_hostile logs_drop)
  sg_test(test_${name} sg_bench sg_scratch sg_plugin_logs_objects)
endforeach()
sg_test(test_logs_who sg_bench sg_scratch sg_plugin_logs_objects)
foreach(name logs_deleted logs_sensor_hostile)
  sg_test(test_${name} sg_bench sg_scratch sg_plugin_logs_objects)
endforeach()
target_link_options(test_logs_deleted PRIVATE -Wl,--wrap=inotify_add_watch)
target_link_options(test_logs_sensor_hostile PRIVATE -Wl,--wrap=fstatfs)

foreach(name postpone postpone_hostile postpone_disk postsuper retry_time retry reload_verb contents contents_log hold hold_marks
        hold_rules owner_reader refresh_resolver release requeue resolver_copies spool_place
        transport_pause)
  sg_test(test_${name} sg_verb_relay sg_postfix_verbs sg_postfix_parsers)
endforeach()
foreach(name setting main_cf_change set set_editor set_mounted set_undo)
  sg_test(test_${name} sg_verb_relay sg_postfix_verbs sg_postfix_parsers)
endforeach()
foreach(name set set_editor set_mounted set_undo)
  target_link_options(test_${name} PRIVATE -Wl,--wrap=reload_check,--wrap=reload_check_read,--wrap=reload_do,--wrap=renameat2,--wrap=faccessat)
endforeach()
target_link_options(test_contents PRIVATE -Wl,--wrap=owner_reader_ask)
target_link_options(test_hold_marks PRIVATE -Wl,--wrap=futimens)
target_link_options(test_reload_verb PRIVATE -Wl,--wrap=order_wall_clock,--wrap=nanosleep)
target_link_options(test_retry PRIVATE -Wl,--wrap=nanosleep)

foreach(name command service)
  sg_test(test_${name} sg_bench sg_scratch sg_plugin_${name}_objects)
endforeach()
target_link_options(test_command PRIVATE -Wl,--wrap=clock_gettime)
target_link_options(test_service PRIVATE -Wl,--wrap=nanosleep)

foreach(name logs_select logs_summary logs_trim logs_trim_fails)
  sg_test(test_${name} sg_bench sg_scratch sg_plugin_logs_objects)
endforeach()
target_link_options(test_logs_trim_fails PRIVATE -Wl,--wrap=fallocate,--wrap=ftruncate,--wrap=logs_trim_range_cut)

# The parsers of plugin postfix, alone.
foreach(name queue_id queue_file queue_file_cut queue_file_hostile spool defer_log defer_verdict instance main_cf master_cf
        people reason reason_site resolver_files resolver_state selection)
  sg_test(test_${name} sg_spool sg_scratch sg_postfix_parsers)
endforeach()
target_compile_definitions(test_reason PRIVATE PACKAGING_DIR="${PROJECT_SOURCE_DIR}/packaging")

sg_test(test_postfix sg_plugin_postfix_objects sg_postfix_queue sg_postfix_verbs sg_postfix_parsers)

# Its sensor, on a spool of its own.
foreach(test test_nexthop test_growth test_queue_table test_queue_select test_queue_select_filter test_queue_sensor test_queue_away
        test_queue_routes test_queue_storm test_queue_instances test_queue_census)
  sg_test(${test} sg_bench sg_scratch sg_spool sg_postfix_queue sg_postfix_verbs sg_postfix_parsers)
endforeach()

# What its sensors decide by, and the sensor that looks at processes and at what they look names up by.
foreach(test filter_wait hop_recent queue_top resolver_sensor)
  sg_test(test_${test} sg_bench sg_scratch sg_postfix_queue sg_postfix_verbs sg_postfix_parsers)
endforeach()
foreach(test resolver_sensor resolver_state)
  target_link_options(test_${test} PRIVATE -Wl,--wrap=clock_gettime)
endforeach()
foreach(test test_queue_recent test_queue_filters)
  sg_test(${test} sg_bench sg_scratch sg_spool sg_postfix_queue sg_postfix_verbs sg_postfix_parsers)
endforeach()

# Beside a model of qshape, which takes logarithms.
foreach(test test_queue_shape test_queue_questions test_queue_select_state test_queue_list test_queue_hostile test_queue_pace)
  sg_test(${test} sg_bench sg_scratch sg_spool sg_postfix_queue sg_postfix_verbs sg_postfix_parsers m)
endforeach()
target_link_libraries(test_queue_storm PRIVATE m)

# The tutorial as a stranger builds it: headers and pkg-config file installed somewhere, make, and nothing else.
add_test(NAME sample_builds_out_of_tree
  COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/sample_out_of_tree.sh ${CMAKE_COMMAND} ${PROJECT_BINARY_DIR}/include
          ${PROJECT_SOURCE_DIR}/plugins/sample)

# They talk to servers of tests/support, each program in a network of its own.
foreach(test resolv_conf dns dns_health dns_lookup dns_query dns_servers dns_wait dns_words)
  sg_test(test_${test} sg_net_bench sg_scratch sg_plugin_dns_objects)
endforeach()
foreach(test relay relay_links relay_turns relay_underway relay_verdict smtp_probe)
  sg_test(test_${test} sg_net_bench sg_scratch sg_plugin_relay_objects)
endforeach()
target_link_options(test_smtp_probe PRIVATE -Wl,--wrap=gethostname)
