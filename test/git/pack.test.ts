import { createHash } from "node:crypto"
import { deflateSync } from "node:zlib"
import fc from "fast-check"
import t from "tap"
import { applyDelta } from "../../src/git/delta.ts"
import { oidOf, type ObjectType } from "../../src/git/pack.ts"
import { flush, lineOf, pkt, readPackets } from "../../src/git/pkt-line.ts"
import { packOfObjects } from "../../src/git/rewrite.ts"
import { packOf } from "../../src/git/side-band.ts"
import { noBase, unpack } from "../../src/git/unpack.ts"
import type { GitError } from "../../src/lib/errors.ts"

/** Git's framing and packs as values, the hostile ones above all. */

const all: ReadonlySet<ObjectType> = new Set(["commit", "tree", "blob", "tag"])

/** An entry of a pack whose header may lie about the size. */
function entry(type: number, size: number, ...parts: readonly Uint8Array[]): Buffer {
  const bytes = [(type << 4) | (size % 16)]
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.push((bytes.pop() ?? 0) | 128, rest % 128)
  }
  return Buffer.concat([Buffer.from(bytes), ...parts])
}

function packWith(count: number, ...entries: readonly Uint8Array[]): Buffer {
  const head = Buffer.from("PACK\0\0\0\u0002\0\0\0\0", "latin1")
  head.writeUInt32BE(count, 8)
  const body = Buffer.concat([head, ...entries])
  return Buffer.concat([body, createHash("sha1").update(body).digest()])
}

const codeOf = async (work: () => unknown): Promise<string> => {
  try {
    await work()
    return "none"
  } catch (error) {
    return (error as GitError).code
  }
}
const unpacked = (pack: Buffer) => unpack(pack, all, noBase)

await t.test("packets are read as they were written", (t) => {
  const packets = readPackets(Buffer.from(`${pkt("a\n")}0001${pkt("é")}0002${pkt("")}${flush}`))
  t.strictSame(
    packets.map((packet) => [packet.kind, lineOf(packet)]),
    [
      ["data", "a"],
      ["delimiter", ""],
      ["data", "é"],
      ["end", ""],
      ["data", ""],
      ["flush", ""],
    ],
  )
  const text = fc.string({ unit: "binary", maxLength: 300 })
  fc.assert(
    fc.property(fc.array(text, { minLength: 1 }), (lines) => {
      const read = readPackets(Buffer.from(lines.map((line) => pkt(`${line}\n`)).join("")))
      t.strictSame(
        read.map((packet) => lineOf(packet)),
        lines,
      )
    }),
    { numRuns: 30 },
  )
  t.end()
})

await t.test("what isn't whole packets is a bad answer", async (t) => {
  for (const text of ["", "0", "000", "0003", "zzzz", "<html>", "0009abc", `${pkt("a")}00`, "-001", " 005a", "0x05a"]) {
    t.equal(await codeOf(() => readPackets(Buffer.from(text))), "git-bad-answer", JSON.stringify(text))
  }
})

await t.test("a pack is taken only whole, verified and ended, and a server's words come before that", async (t) => {
  const pack = packOfObjects([{ type: "blob", data: Buffer.from("x") }])
  const band = (number: number, data: Uint8Array): Buffer => {
    const length = (data.length + 5).toString(16).padStart(4, "0")
    return Buffer.concat([Buffer.from(length), Buffer.from([number]), data])
  }
  const answer = (...parts: readonly Uint8Array[]) => Buffer.concat([Buffer.from(pkt("packfile\n")), ...parts])
  const end = Buffer.from(flush)
  const halves = [band(1, pack.subarray(0, 9)), band(2, Buffer.from("counting")), band(1, pack.subarray(9))]
  t.strictSame(packOf(answer(...halves, end), 2), pack)
  t.strictSame(packOf(Buffer.concat([Buffer.from(pkt("NAK\n")), ...halves, end]), 0), pack)
  const changed = Buffer.from(pack)
  changed[14] = (changed[14] ?? 0) ^ 1
  const table: readonly (readonly [string, Buffer, string])[] = [
    ["no flush", answer(...halves), "git-bad-answer"],
    ["half", answer(halves[0] as Buffer, end), "git-bad-answer"],
    ["one bit", answer(band(1, changed), end), "git-bad-answer"],
    ["nothing", answer(end), "git-bad-answer"],
    ["no pack", end, "git-bad-answer"],
    ["died", answer(halves[0] as Buffer, band(3, Buffer.from("out of memory"))), "git-refused"],
    ["refused", Buffer.from(pkt("ERR access denied")), "git-refused"],
    ["missing", Buffer.from(pkt("ERR upload-pack: not our ref 123")), "revision-not-found"],
  ]
  for (const [name, bytes, code] of table) t.equal(await codeOf(() => packOf(bytes, 2)), code, name)
})

await t.test("a small pack can't become gigabytes", async (t) => {
  const zeros = deflateSync(Buffer.alloc(1_000_000))
  const huge = Number.MAX_SAFE_INTEGER
  const table: readonly (readonly [string, Buffer, string])[] = [
    ["more than it says", packWith(1, entry(3, 10, zeros)), "git-bad-answer"],
    ["less than it says", packWith(1, entry(3, 2_000_000, zeros)), "git-bad-answer"],
    ["a size beyond all", packWith(1, entry(3, huge, zeros)), "git-too-large"],
    ["more entries than there are", packWith(2, entry(3, 1_000_000, zeros)), "git-bad-answer"],
    ["millions of entries", packWith(0xff_ff_ff_ff, entry(3, 1_000_000, zeros)), "git-too-large"],
    ["something left over", packWith(0, entry(3, 1_000_000, zeros)), "git-bad-answer"],
    ["no known type", packWith(1, entry(5, 1_000_000, zeros)), "git-bad-answer"],
    ["not deflated", packWith(1, entry(3, 5, Buffer.from("hello"))), "git-bad-answer"],
  ]
  for (const [name, pack, code] of table) t.equal(await codeOf(() => unpacked(pack)), code, name)
  const blob = Buffer.alloc(33 * 1024 * 1024)
  const { objects, huge: large } = await unpacked(packWith(1, entry(3, blob.length, deflateSync(blob, { level: 1 }))))
  t.strictSame([objects.size, [...large]], [0, [[oidOf("blob", blob), blob.length]]])
})

await t.test("a delta makes what it says of its own base, within it, or nothing", async (t) => {
  const base = Buffer.from("hello world")
  const delta = (...bytes: readonly number[]) => Buffer.from(bytes)
  // Sizes 11 and 8; copy 6 bytes from 0; insert "!!".
  t.equal(applyDelta(base, delta(11, 8, 0x91, 0, 6, 2, 0x21, 0x21)).toString(), "hello !!")
  const table: readonly (readonly [string, Buffer, string])[] = [
    ["another base", delta(12, 6, 0x91, 0, 6), "git-bad-answer"],
    ["behind the base", delta(11, 6, 0x91, 9, 6), "git-bad-answer"],
    ["too short", delta(11, 8, 0x91, 0, 6), "git-bad-answer"],
    ["too long", delta(11, 3, 0x91, 0, 6), "git-bad-answer"],
    ["an insert behind its end", delta(11, 5, 5, 0x21), "git-bad-answer"],
    ["a reserved instruction", delta(11, 1, 0), "git-bad-answer"],
    ["a size of gigabytes", delta(11, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x91, 0, 6), "git-too-large"],
  ]
  for (const [name, bytes, code] of table) t.equal(await codeOf(() => applyDelta(base, bytes)), code, name)
})

await t.test("objects survive being packed and unpacked", async (t) => {
  const type = fc.constantFrom<ObjectType>("commit", "tree", "blob", "tag")
  const data = fc.uint8Array({ maxLength: 2_000 }).map((bytes) => Buffer.from(bytes))
  const object = fc.record({ type, data }, { noNullPrototype: true })
  await fc.assert(
    fc.asyncProperty(fc.array(object), async (given) => {
      const { objects, isThin } = await unpacked(packOfObjects(given))
      t.equal(isThin, false)
      t.strictSame(objects, new Map(given.map((one) => [oidOf(one.type, one.data), one])))
    }),
    { numRuns: 30 },
  )
})

await t.test("a thin pack is completed with what is here, and a delta without its base is left out", async (t) => {
  const base = { type: "tree" as const, data: Buffer.from("hello world") }
  const oid = oidOf(base.type, base.data)
  const delta = Buffer.from([11, 5, 0x91, 0, 5])
  const pack = packWith(1, entry(7, delta.length, Buffer.from(oid, "hex"), deflateSync(delta)))
  const { objects, isThin } = await unpack(pack, all, async (asked) => (asked === oid ? base : null))
  t.strictSame([isThin, [...objects.values()]], [true, [{ type: "tree", data: Buffer.from("hello") }]])
  t.equal((await unpacked(pack)).objects.size, 0)
})
