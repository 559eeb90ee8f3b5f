import t from "tap"
import { openWorld } from "../support/daemon.ts"
import { extent } from "../support/extent.ts"
import { everyHistoryEndsAsGit } from "./histories.ts"

/** The property of property.test.ts once more, on the real server: what a model of a server gets wrong can't hide here. */
const world = await openWorld()
t.teardown(() => world[Symbol.asyncDispose]())

await t.test(
  "whatever happens on a real server, nobody loses what they meant to keep, and in the end Git is right",
  async (t) => everyHistoryEndsAsGit(t, world, extent(2, 25)),
)
