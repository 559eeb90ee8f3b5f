import t from "tap"
import { openWorld, project } from "../support/daemon.ts"

/** `pullCommit: tree`: which commits move the clone of a live deployment. */
const world = await openWorld()
t.teardown(() => world[Symbol.asyncDispose]())

const flow = (name: string): string =>
  `from prefect import flow\nfrom shared.${name}_helper import value\n\n@flow(name="clone")\ndef ${name}():\n    value()\n`
const helper = (value: number): string => `def value():\n    return ${value}\n`

await t.test("a clone moves on a commit to what its run can reach, and on no other", async (t) => {
  const repository = world.repository("clone")
  const declared = project("clone", {
    one: { entrypoint: "flows/one.py:one" },
    two: { entrypoint: "flows/two.py:two" },
  })
  const first = repository.commit({
    "prefect.yaml": declared["prefect.yaml"] ?? "",
    "flows/one.py": flow("one"),
    "flows/two.py": flow("two"),
    "shared/__init__.py": "",
    "shared/one_helper.py": helper(1),
    "shared/two_helper.py": helper(1),
    "README.md": "first\n",
  })
  const source = { name: "main", url: repository.url, pullCommit: "tree" }
  const daemon = await world.daemon({ installation: "clone", sources: [source] })
  t.match(await daemon.sync("main"), { state: "synced", deployments: { owned: 2 } })
  const commits = async () =>
    Object.values(await world.deployments("clone")).map(
      (live) => /"commit_sha":"([0-9a-f]{40})"/.exec(JSON.stringify(live))?.[1],
    )
  t.strictSame(await commits(), [first, first])

  repository.commit({ "README.md": "second\n" })
  t.match(await daemon.sync("main"), { lastTurn: { changes: { update: 0, keep: 2 } } }, "a README moves nothing")
  t.strictSame(await commits(), [first, first])

  const helped = repository.commit({ "shared/one_helper.py": helper(2) })
  t.match(await daemon.sync("main"), { lastTurn: { changes: { update: 1, keep: 1 } } })
  t.strictSame(await commits(), [helped, first], "an imported module moves the flow that imports it")

  const changed = repository.commit({ "flows/two.py": `${flow("two")}\nprint(2)\n` })
  t.match(await daemon.sync("main"), { lastTurn: { changes: { update: 1, keep: 1 } } })
  t.strictSame(await commits(), [helped, changed], "an unrelated flow moves itself alone")

  const both = repository.commit({ "shared/__init__.py": "print('both')\n" })
  t.match(await daemon.sync("main"), { lastTurn: { changes: { update: 2 } } })
  t.strictSame(await commits(), [both, both], "a package that both import from moves both")
})
