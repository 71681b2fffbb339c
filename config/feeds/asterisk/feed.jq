# Rows of Asterisk's queue_log in a database, as Debezium or a query sends them. A call is a chat of the channel `phone`.
# The table `settings` has the zone of times without an offset under `zone`; UTC is the default.

def zone: "zone" | lookup("settings") // "UTC";
def instant:
  if type == "number" then (if . > 100000000000000 then epoch("us") elif . > 100000000000 then epoch("ms") else epoch("s") end)
  else present | zoned(zone) end;

def call($type): {id: digest($type, .callid, .time, .queuename, .agent, .event), type: $type, time: (.time | instant), chat_id: .callid};
def agent: present | if . == "NONE" then null else . end;
def queue: present | if . == "NONE" then null else . end;

def happened:
  if .event == "ENTERQUEUE" then call("chat.started") + {channel: "phone", team: (.queuename | queue)}
  elif .event == "CONNECT" then call("chat.accepted") + {agent_id: (.agent | agent)}
  elif .event == "ABANDON" then call("chat.abandoned")
  elif .event == "COMPLETEAGENT" or .event == "COMPLETECALLER" or .event == "EXITWITHTIMEOUT" or .event == "EXITEMPTY" or .event == "EXITWITHKEY" then
    call("chat.ended")
  elif .event == "TRANSFER" or .event == "BLINDTRANSFER" or .event == "ATTENDEDTRANSFER" then
    call("chat.transferred") + {reason: "transfer"}
  # What is not about a call, and what changes nothing about one.
  elif .event | IN("PAUSE", "UNPAUSE", "PAUSEALL", "UNPAUSEALL", "ADDMEMBER", "REMOVEMEMBER", "AGENTLOGIN", "AGENTLOGOFF", "AGENTCALLBACKLOGIN",
                   "AGENTCALLBACKLOGOFF", "CONFIGRELOAD", "QUEUESTART", "RINGNOANSWER", "RINGCANCELED", "DID", "SYSCOMPAT", "AGENTDUMP",
                   "MEMBERPENALTY", "CALLSTATUS", "INFO") then empty
  elif .event == null then empty
  else (.event | unknown("event")) | empty end;

(if . == null then {} else .payload? // . end) as $change
| (if ($change | has("after")) then (if $change.op == "c" or $change.op == "r" then $change.after else null end) else $change end)
| if . == null or (type != "object") then empty else happened end
