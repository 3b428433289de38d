foreach(name record budget admit recorder ledger action_child notify desk desk_life control watcher_supervise reload)
  set(test test_${name})
  sg_test(${test} sg_executor)
endforeach()
