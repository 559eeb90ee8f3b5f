import { access } from "node:fs/promises"
import { resolve } from "node:path"
import { CommandError, exitCodes } from "./exit.ts"
import type { Terminal } from "./terminal.ts"

const places = ["./lockstep.yaml", "/etc/lockstep/lockstep.yaml"]

/** The config file: as given, else `$LOCKSTEP_CONFIG`, else the first that exists of the usual places. */
export async function configPath(given: string | undefined, terminal: Terminal): Promise<string> {
  const path = await findConfig(given, terminal)
  if (path !== null) return path
  throw new CommandError(
    `no config file: give --config FILE, set LOCKSTEP_CONFIG, or put one at ${places.join(" or ")}`,
    exitCodes.usage,
  )
}

/** The same; null when there is none. */
export async function findConfig(given: string | undefined, { environment, folder }: Terminal): Promise<string | null> {
  const named = given ?? environment["LOCKSTEP_CONFIG"] ?? ""
  if (named !== "") return resolve(folder, named)
  for (const place of places) {
    const path = resolve(folder, place)
    if (await isThere(path)) return path
  }
  return null
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
