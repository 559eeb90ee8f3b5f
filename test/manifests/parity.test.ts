import t from "tap"
import { extent } from "../support/extent.ts"
import { compare, openManifestWorld, replaced, settle } from "./deployments.ts"

const [manifests, projects] = [extent(30, 100), extent(20, 60)]

t.test("manifests come out as `prefect deploy` has them, or Lockstep says why not", async (t) => {
  const { compared, writes } = await compare(2026, 0, manifests)
  const of = (wanted: string) => compared.filter(({ verdict }) => verdict === wanted)
  t.strictSame(of("WRONG"), [])
  t.ok(of("equal").length > manifests / 5, `${of("equal").length} are equal`)
  t.strictSame(
    of("only Lockstep refuses").filter(({ why }) => why.startsWith("no problem told")),
    [],
  )
  t.strictSame(writes, [], "the second turn finds nothing to write")
})

t.test("a manifest in the place of another ends as where nothing was before", async (t) => {
  await using world = await openManifestWorld("3.8.8")
  const { compared, differences, writes } = await replaced(world, 2026, projects)
  t.ok(compared >= extent(1, 11), `${compared} were updated`)
  t.strictSame(differences, [])
  t.strictSame(writes, [])
})

t.test("a server of 3.2.0 keeps what was written, too", async (t) => {
  await using world = await openManifestWorld("3.2.0")
  const { made, writes } = await settle(world, 2026, projects)
  t.ok(made > projects / 8, `${made} were made`)
  t.strictSame(writes, [], "the second turn finds nothing to write")
})
