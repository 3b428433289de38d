foreach(name record budget admit gentle recorder recorder_mirror lease lease_store lease_mirror state_btrfs ledger action_child notify desk desk_probe desk_life desk_lease
        desk_lease_look desk_lease_renew desk_lease_end desk_lease_restart control watcher_supervise reload)
  set(test test_${name})
  sg_test(${test} sg_executor)
endforeach()
