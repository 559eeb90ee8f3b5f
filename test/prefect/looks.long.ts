import t from "tap"
import { looks } from "./looks.ts"

t.setTimeout(900_000)

for (const version of ["3.8.8", "3.2.0"] as const) {
  await t.test(`${version}: what detaches a deployment shows in one look, and nothing else costs a listing`, () =>
    looks(version, () => true),
  )
}
