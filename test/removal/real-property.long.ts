import t from "tap"
import { openWorld } from "../support/daemon.ts"
import { everyHistoryEndsAsGit } from "./histories.ts"

/** As real-property.test.ts, over many histories. */
const world = await openWorld()
t.teardown(() => world[Symbol.asyncDispose]())

await t.test(
  "whatever happens on a real server, nobody loses what they meant to keep, and in the end Git is right",
  async (t) => everyHistoryEndsAsGit(t, world, 25),
)
