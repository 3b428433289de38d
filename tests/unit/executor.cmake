foreach(name record budget admit recorder lease lease_store ledger action_child notify desk desk_life desk_lease control watcher_supervise reload)
  set(test test_${name})
  sg_test(${test} sg_executor)
endforeach()
