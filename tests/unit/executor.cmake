foreach(name record budget admit recorder lease lease_store ledger action_child notify desk desk_life desk_lease
        desk_lease_renew desk_lease_end desk_lease_restart control watcher_supervise reload)
  set(test test_${name})
  sg_test(${test} sg_executor)
endforeach()
