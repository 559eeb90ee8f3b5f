import { createHash } from "node:crypto"
import { deflateSync } from "node:zlib"
import fc from "fast-check"
import t from "tap"
import { applyDelta, DeltaBudget } from "../../src/git/delta.ts"
import { oidOf, type ObjectType } from "../../src/git/pack.ts"
import { flush, lineOf, packetsOf, pkt } from "../../src/git/pkt-line.ts"
import { packOfObjects } from "../../src/git/rewrite.ts"
import { packOf } from "../../src/git/side-band.ts"
import { noBase, unpack } from "../../src/git/unpack.ts"
import { Breath } from "../../src/lib/breath.ts"
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
const { signal } = new AbortController()
const unpacked = (pack: Buffer) => unpack(pack, all, noBase, signal)
const applied = (base: Buffer, delta: Buffer) => applyDelta(base, delta, new DeltaBudget(new Breath()))

await t.test("packets are read as they were written", (t) => {
  const packets = [...packetsOf(Buffer.from(`${pkt("a\n")}0001${pkt("é")}0002${pkt("")}${flush}`))]
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
      const read = [...packetsOf(Buffer.from(lines.map((line) => pkt(`${line}\n`)).join("")))]
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
    t.equal(await codeOf(() => [...packetsOf(Buffer.from(text))]), "git-bad-answer", JSON.stringify(text))
  }
})

await t.test("a pack is taken only whole, verified and ended, and a server's words come before that", async (t) => {
  const pack = await packOfObjects([{ type: "blob", data: Buffer.from("x") }])
  const band = (number: number, data: Uint8Array): Buffer => {
    const length = (data.length + 5).toString(16).padStart(4, "0")
    return Buffer.concat([Buffer.from(length), Buffer.from([number]), data])
  }
  const answer = (...parts: readonly Uint8Array[]) => Buffer.concat([Buffer.from(pkt("packfile\n")), ...parts])
  const end = Buffer.from(flush)
  const halves = [band(1, pack.subarray(0, 9)), band(2, Buffer.from("counting")), band(1, pack.subarray(9))]
  t.strictSame(await packOf(answer(...halves, end), 2), pack)
  t.strictSame(await packOf(Buffer.concat([Buffer.from(pkt("NAK\n")), ...halves, end]), 0), pack)
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
  t.equal((await applied(base, delta(11, 8, 0x91, 0, 6, 2, 0x21, 0x21))).toString(), "hello !!")
  const table: readonly (readonly [string, Buffer, string])[] = [
    ["another base", delta(12, 6, 0x91, 0, 6), "git-bad-answer"],
    ["behind the base", delta(11, 6, 0x91, 9, 6), "git-bad-answer"],
    ["too short", delta(11, 8, 0x91, 0, 6), "git-bad-answer"],
    ["too long", delta(11, 3, 0x91, 0, 6), "git-bad-answer"],
    ["an insert behind its end", delta(11, 5, 5, 0x21), "git-bad-answer"],
    ["a reserved instruction", delta(11, 1, 0), "git-bad-answer"],
    ["a size of gigabytes", delta(11, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x91, 0, 6), "git-too-large"],
  ]
  for (const [name, bytes, code] of table) t.equal(await codeOf(() => applied(base, bytes)), code, name)
})

await t.test("objects survive being packed and unpacked", async (t) => {
  const type = fc.constantFrom<ObjectType>("commit", "tree", "blob", "tag")
  const data = fc.uint8Array({ maxLength: 2_000 }).map((bytes) => Buffer.from(bytes))
  const object = fc.record({ type, data }, { noNullPrototype: true })
  await fc.assert(
    fc.asyncProperty(fc.array(object), async (given) => {
      const { objects } = await unpacked(await packOfObjects(given))
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
  const { objects } = await unpack(pack, all, async (asked) => (asked === oid ? base : null), signal)
  t.strictSame([...objects.values()], [{ type: "tree", data: Buffer.from("hello") }])
  t.equal((await unpacked(pack)).objects.size, 0)
})

/** The sizes of base and target, then what the delta does. */
const number = (value: number): readonly number[] =>
  value < 128 ? [value] : [(value % 128) | 128, ...number(Math.floor(value / 128))]
const deltaOf = (base: number, target: number, ...does: readonly number[]) =>
  Buffer.from([...number(base), ...number(target), ...does])
const against = (oid: string, delta: Buffer) => entry(7, delta.length, Buffer.from(oid, "hex"), deflateSync(delta))

await t.test(
  "a chain of deltas costs the same in whatever order it comes, and asks for each outer base once",
  async (t) => {
    const chain = ["0"]
    for (let n = 1; n <= 1_000; n++) chain.push(`${n}`)
    const oids = chain.map((text) => oidOf("blob", Buffer.from(text)))
    const deltas = chain.slice(1).map((text, n) => {
      const delta = deltaOf((chain[n] ?? "").length, text.length, text.length, ...Buffer.from(text))
      return against(oids[n] ?? "", delta)
    })
    for (const entries of [deltas, deltas.toReversed(), [...deltas.slice(500), ...deltas.slice(0, 500)]]) {
      const asked: string[] = []
      const readBase = async (oid: string) => {
        asked.push(oid)
        return oid === oids[0] ? { type: "blob" as const, data: Buffer.from("0") } : null
      }
      const { objects } = await unpack(packWith(1_000, ...entries), all, readBase, signal)
      t.equal(objects.get(oids[1_000] ?? "")?.data.toString(), "1000")
      t.ok(asked.length <= 1_000 && new Set(asked).size === asked.length, `${asked.length} bases asked for, none twice`)
    }
  },
)

await t.test("deltas that wait, places that are remembered, and instructions are bounded", async (t) => {
  const size = 32 * 1024 * 1024
  const zeros = deflateSync(Buffer.alloc(size), { level: 1 })
  const waiting = Array.from({ length: 9 }, (_, n) => entry(7, size, Buffer.alloc(20, n + 1), zeros))
  t.equal(await codeOf(() => unpacked(packWith(9, ...waiting))), "git-too-large", "nine of 32 MiB")

  const target = 1_000_000
  const inserts = Buffer.concat([deltaOf(1, target), Buffer.alloc(target * 2, Buffer.from([1, 0x78]))])
  const base = Buffer.from("b")
  const same = { kind: "blob", oid: oidOf("blob", base) }
  const many = Array.from({ length: 21 }, () => against(same.oid, inserts))
  const pack = packWith(22, entry(3, 1, deflateSync(base)), ...many)
  t.equal(await codeOf(() => unpacked(pack)), "git-too-large", "21 million instructions")
})

await t.test("a delta that is its own base, or that of its base, is left out", async (t) => {
  const [a, b] = ["11".repeat(20), "22".repeat(20)]
  const delta = deltaOf(1, 1, 1, 0x78)
  t.equal((await unpacked(packWith(3, against(a, delta), against(b, delta), against(a, delta)))).objects.size, 0)
})

await t.test("packets with next to nothing in them come to an end", async (t) => {
  for (const packet of ["0004", "0000", "0001", "0005\u0002", pkt("x".repeat(20))]) {
    const bytes = Buffer.from(packet.repeat(Math.ceil((16 * 1024 * 1024) / packet.length)))
    let read = 0
    const code = await codeOf(() => {
      for (const _ of packetsOf(bytes)) read++
    })
    t.strictSame([code, read], ["git-too-large", 10_000], JSON.stringify(packet))
  }
})

await t.test("who doesn't want it any more stops the unpacking", async (t) => {
  const over = new AbortController()
  over.abort(new Error("enough"))
  const pack = await packOfObjects([{ type: "blob", data: Buffer.from("x") }])
  await t.rejects(unpack(pack, all, noBase, over.signal), { message: "enough" })
})
