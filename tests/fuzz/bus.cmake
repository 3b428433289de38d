# One bus for both drivers; what it would send is led back to them.
add_library(sg_fuzz_bus OBJECT bus_stand.c)
target_link_libraries(sg_fuzz_bus PUBLIC sg_bus sg_served_bus sg_wire sg_base)
target_link_options(sg_fuzz_bus INTERFACE
  -Wl,--wrap=bus_connection_send_consume,--wrap=bus_connection_is_session,--wrap=bus_sender_ask,--wrap=bus_sender_free)
sg_fuzz(fuzz_bus_message sg_fuzz_bus)
sg_fuzz(fuzz_bus_call sg_fuzz_bus)
