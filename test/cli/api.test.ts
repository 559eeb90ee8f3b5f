import t, { type Test } from "tap"
import { initialStatus } from "../../src/core/status.ts"
import { converged, etl, first, hold, workspace } from "../observe/samples.ts"
import { serve, token } from "../server/daemon.ts"
import { live, owned, planOf, sourceOf } from "./plans.ts"
import { lockstep } from "./shell.ts"

/** The commands against the daemon's own HTTP server, so that the two can't drift apart. */
async function served(t: Test) {
  const server = await serve(t)
  const environment = { LOCKSTEP_SERVER: server.address, LOCKSTEP_TOKEN: token, USER: "ada" }
  return { ...server, run: (...argv: string[]) => lockstep(argv, { environment }), environment }
}

t.test("status before and after the first turn", async (t) => {
  const { run, board } = await served(t)

  t.match((await run("status")).out, /^etl +unknown +- .* none yet +-$/m)
  board.take({ kind: "turn-ended", turn: 1, outcome: { ...converged, hold, kind: "held" } })
  const { code, out } = await run("status", "etl")

  t.equal(code, 0)
  t.match(out, /^etl +held +1111111 /m)
  t.match(out, "to go on: lockstep confirm etl d1")
})

t.test("without the right token nothing is shown, and the command says what to do", async (t) => {
  const { environment } = await served(t)

  t.match(await lockstep(["status"], { environment: { ...environment, LOCKSTEP_TOKEN: "wrong" } }), {
    code: 1,
    err: "error: the token is wrong (give the daemon's token: --token-file FILE or $LOCKSTEP_TOKEN)\n",
  })
})

t.test("sync asks for a turn, and waits for one when told to", async (t) => {
  const { run, board, triggered } = await served(t)

  t.equal((await run("sync", "etl")).code, 0)
  t.equal((await run("sync", "etl", "--wait", "50ms")).code, 2)
  const waiting = run("sync", "--wait")
  while (triggered.length < 3) await new Promise((resolve) => setTimeout(resolve, 5))
  board.take({ kind: "turn-ended", turn: 1, outcome: converged })

  t.equal((await waiting).code, 0)
  t.strictSame(triggered[2], { sources: [etl], trigger: "sync" })
})

t.test("decisions arrive whole, and a refusal is told", async (t) => {
  const { run, board, operated, state } = await served(t)
  board.take({ kind: "turn-ended", turn: 1, outcome: converged })
  const status = board.view(etl)?.status ?? initialStatus(etl, workspace)
  state.operate = () => ({ kind: "done", status })

  t.equal((await run("pin", "etl", first, "--reason", "bad release", "--until", "2099-01-01T00:00:00Z")).code, 0)
  for (const command of ["resume", "unpin"]) t.equal((await run(command, "etl")).code, 0)
  t.equal((await run("suspend", "etl", "--reason", "x")).code, 0)
  state.operate = () => ({ kind: "refused", code: "digest-mismatch", message: "the hold is now d2" })
  t.match(await run("confirm", "etl", "d1"), { code: 1, err: "error: the hold is now d2\n" })

  t.match(operated, [
    ["pin", etl, { reason: "bad release", by: "ada", until: "2099-01-01T00:00:00Z", revision: first }],
    ["resume", etl],
    ["unpin", etl],
    ["suspend", etl, { reason: "x", by: "ada", until: null }],
    ["confirm", etl, "d1"],
  ])
})

t.test("history and orphans read what the API gives", async (t) => {
  const { run, board, history } = await served(t)
  t.equal((await run("orphans")).out, "No orphans: Git has everything that is owned.\n")
  const plan = planOf({
    source: sourceOf("etl"),
    live: [owned("etl", "old/prod", {}), live("foreign/prod", {})],
  })
  for (const listener of [board, history])
    listener.take({ kind: "turn-ended", turn: 1, outcome: { ...converged, plan } })

  t.match((await run("history", "etl")).out, /converged +interval +1111111 +1s +nothing to do$/m)
  t.match((await run("orphans")).out, /^etl +old\/prod +to retire +no longer in Git$/m)
})

t.test("an unknown source is told", async (t) => {
  const { run } = await served(t)

  t.match(await run("status", "nope"), { code: 1, err: "error: no such source is configured\n" })
})
