import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Secrets } from "../config/secrets.ts"
import type { Clock } from "../lib/clock.ts"
import { Events } from "../observe/events.ts"
import { openRender } from "../open-render.ts"
import { openGit, openImages } from "../parts.ts"
import { Workspaces } from "../workspaces.ts"
import type { PlanParts } from "./plan-sources.ts"
import type { Terminal } from "./terminal.ts"

/** There is no next time that would know more. */
const imagePatienceMs = 60_000

/** What a plan looks with: the very parts that the daemon has, without its loop and its server. */
export async function openPlanParts(environment: Terminal["environment"], clock: Clock): Promise<PlanParts> {
  await using opening = new AsyncDisposableStack()
  const secrets = new Secrets(environment)
  const around = { secrets, clock, events: new Events(() => undefined) }
  const git = opening.use(openGit(await temporaryFolder(opening), around))
  const images = opening.use(openImages(imagePatienceMs, around))
  const workspaces = opening.use(new Workspaces(around))
  const render = openRender()
  const opened = opening.move()
  return {
    git,
    render,
    images,
    secrets,
    clock,
    workspace: (workspace) => workspaces.open(workspace),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

/** Not the daemon's `stateDir`: that may belong to another user, and its owner may tidy it while we read. */
async function temporaryFolder(opening: AsyncDisposableStack): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "lockstep-plan-"))
  opening.defer(() => rm(folder, { recursive: true, force: true }))
  return folder
}
