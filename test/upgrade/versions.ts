import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync } from "node:fs"
import { resolve } from "node:path"
import { pathToFileURL } from "node:url"
import type { openDaemon } from "../../src/daemon.ts"

/** Every version that somebody may upgrade from, by the commit that it was made of. A new one is one line. */
export const versions = { "0.1.0": "03f1a30e8c5864fff96228a145b4ad05622acbed" } as const

/** The daemon of an older version: its own code, taken out of the history, beside the packages of today. */
export async function daemonOf(version: keyof typeof versions): Promise<typeof openDaemon> {
  const commit = versions[version]
  const folder = resolve(".cache/versions", `${version}-${commit.slice(0, 10)}`)
  if (!existsSync(folder)) takeOut(version, commit, folder)
  const module = (await import(pathToFileURL(`${folder}/src/daemon.ts`).href)) as { openDaemon: typeof openDaemon }
  return module.openDaemon
}

function takeOut(version: string, commit: string, folder: string): void {
  const half = `${folder}.${process.pid}`
  mkdirSync(half, { recursive: true })
  try {
    const archive = execFileSync("git", ["archive", commit], { maxBuffer: archiveBytesMax })
    execFileSync("tar", ["-x", "-C", half], { input: archive })
  } catch (error) {
    rmSync(half, { recursive: true, force: true })
    const needs = `this test runs Lockstep ${version} from its commit ${commit}, which isn't in this clone`
    throw new Error(`${needs}: a shallow clone lacks it (git fetch --unshallow), an archive without history too`, {
      cause: error,
    })
  }
  symlinkSync(resolve("node_modules"), `${half}/node_modules`)
  // Whole or not at all, also when two tests make it at once: then the first one's stays.
  if (existsSync(folder)) rmSync(half, { recursive: true, force: true })
  else renameSync(half, folder)
}

const archiveBytesMax = 256 * 1024 * 1024
