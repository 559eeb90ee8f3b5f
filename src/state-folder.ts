import { randomUUID } from "node:crypto"
import { mkdir, rm, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { ConfigError, toError } from "./lib/errors.ts"

/**
 * Makes sure that the daemon can write where it keeps what it has read and done: one that can't would try for ever.
 * @throws ConfigError that names the key of the config.
 */
export async function openStateFolder(folder: string): Promise<void> {
  const probe = join(folder, `.probe-${randomUUID()}`)
  try {
    await makeFolder(folder)
    await writeFile(probe, "")
    await rm(probe)
  } catch (error) {
    const message = `stateDir: ${folder} can't be written: ${toError(error).message}: give it to this user, or name another folder`
    throw new ConfigError(message, { kind: "stalled", code: "state-folder", cause: error })
  }
}

/** `recursive: true` would try for ever where a file system says that a folder isn't there and can't be made (/proc). */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder)
  } catch (error) {
    const { code } = toError(error) as NodeJS.ErrnoException
    if (code === "EEXIST") return
    const parent = dirname(folder)
    if (code !== "ENOENT" || parent === folder) throw error
    await makeFolder(parent)
    await mkdir(folder)
  }
}
