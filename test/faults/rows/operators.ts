import type { Fault } from "../fault.ts"

/** What people who run Lockstep meet. */
export const operators: readonly Fault[] = [
  {
    fault: "`server.listen` names a port that is taken, an address of another machine, or a host that nobody knows",
    seen: "one line that names the key and the reason, exit code 1",
    kept: "nothing is left behind; while running, the settings before stay in force and the log says so",
    healed: "by the next edit of the config, or a start",
    test: "contract/start.test.ts: ends the start: one line that names the key, exit code 1",
  },
  {
    fault: "`stateDir` can't be written",
    seen: "one line that names the key and the reason, exit code 1",
    kept: "nothing was looked at or written",
    healed: "by the next start",
    test: "contract/start.test.ts: a state folder below a file",
  },
  {
    fault: "a browser comes to `/` while a token is configured",
    seen: "its own question for a name and a password: the token is the password",
    kept: "nothing can be changed that way, so no foreign page can make it",
    healed: "at once",
    test: "server/browser.test.ts: a browser gets in with the token as password, whatever the name, and reads the page and the API",
  },
  {
    fault: "`server.token` is set, changed or taken away while the daemon runs",
    seen: "the next request is let in, or not, by the new one",
    kept: "connections and waits go on",
    healed: "within a second of the edit",
    test: "server/tokens.test.ts: tokens and metricsAuth are taken while running, on connections that are open too",
  },
  {
    fault: "somebody confirms a hold that retires ten deployments",
    seen: "one line in the log, and an entry of the history: the token's name, the digest, the reasons and the ten keys",
    kept: "refused and failed acts are told the same way",
    healed: "nothing is wrong",
    test: "server/tokens.test.ts: each act is told with who, what and why, whether it was done or not",
  },
  {
    fault: "a person asks in the morning what was done at night, after a restart",
    seen: "`history` and `trace`: what was written, and who confirmed it",
    kept: "the last 200 entries of each source, in two files of 4 MiB each at most",
    healed: "nothing is wrong",
    test: "observe/history.test.ts: what was done last night is there after a restart, with who confirmed it",
  },
  {
    fault: "the history file is cut, emptied, deleted or rubbish",
    seen: "the entries that can be read",
    kept: "everything else: nothing is decided by the history",
    healed: "at once; new entries are written behind",
    test: "observe/history.test.ts: costs what can't be read, and nothing else",
  },
  {
    fault: "`ref` names a branch that isn't there",
    seen: "`ref-not-found` with the nearest and up to 20 of those that are",
    kept: "what was applied before",
    healed: "by an edit of the config, or the branch",
    test: "git/refs.test.ts: a branch or tag that isn't there is answered with those that are",
  },
  {
    fault: "`apiUrl` lacks its `/api`",
    seen: "the key to check, and the URL with it",
    kept: "everything",
    healed: "by an edit of the config",
    test: "prefect/transport.test.ts: a URL without /api is told by its key, with what it would be",
  },
  {
    fault: "`pin` names a commit that Git doesn't give",
    seen: "409 `revision-not-found`; the command ends with 1",
    kept: "the source goes on as it was",
    healed: "by the right commit",
    test: "removal/record.test.ts: a pin to a commit that Git doesn't give is refused, and nothing is pinned",
  },
  {
    fault: "300 connections are held with half a request, half a webhook, or an answer that isn't taken",
    seen: "nothing: probes, readers and signed webhooks are answered",
    kept: "connections of those who have proved who they are",
    healed: "each new connection closes the oldest of a stranger",
    test: "server/strangers.test.ts: probes, readers and signed webhooks are answered",
  },
]
