const FIRST_ROWS = 1_024;
const FIRST_BYTES = 64 * FIRST_ROWS;
const EMPTY = 0;
const REMOVED = 0xffff_ffff;
/** Share of used slots beyond which more slots are made. */
const FULLEST = 0.6;

/** FNV-1a, with its bits spread at the end. */
function hashOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}

function grown<Column extends Uint8Array | Uint32Array>(column: Column, length: number): Column {
  const larger = new (column.constructor as new (length: number) => Column)(length);
  larger.set(column);
  return larger;
}

/**
 * Row numbers by id, dense from 0, for ASCII ids of at most 255 characters. A map of a million strings would take 110
 * MB, and the garbage collector would visit every string. This index takes 65 MB that it never visits.
 */
export class IdIndex {
  /** Row + 1, at the slot of its hash or after it. */
  #slots = new Uint32Array(4 * FIRST_ROWS);
  #hashes = new Uint32Array(FIRST_ROWS);
  #starts = new Uint32Array(FIRST_ROWS);
  #lengths = new Uint8Array(FIRST_ROWS);
  #bytes = new Uint8Array(FIRST_BYTES);
  #bytesUsed = 0;
  #rows = 0;
  /** Slots that are not empty, including removed ones. */
  #taken = 0;
  #size = 0;
  readonly #free: number[] = [];

  get size(): number {
    return this.#size;
  }

  get(id: string): number | undefined {
    const slot = this.#find(id, hashOf(id));
    return slot < 0 ? undefined : this.#slots[slot]! - 1;
  }

  /** The row of an id. An unknown id gets a new row. */
  add(id: string): number {
    const hash = hashOf(id);
    const found = this.#find(id, hash);
    if (found >= 0) return this.#slots[found]! - 1;
    const row = this.#free.pop() ?? this.#newRow();
    this.#hashes[row] = hash;
    this.#write(row, id);
    if (this.#taken >= this.#slots.length * FULLEST) this.#rehash();
    this.#place(row);
    this.#size += 1;
    return row;
  }

  /** Frees the row for another id. */
  remove(id: string): void {
    const slot = this.#find(id, hashOf(id));
    if (slot < 0) return;
    this.#free.push(this.#slots[slot]! - 1);
    this.#slots[slot] = REMOVED;
    this.#size -= 1;
  }

  *ids(): Generator<string> {
    for (const taken of this.#slots) {
      if (taken === EMPTY || taken === REMOVED) continue;
      const start = this.#starts[taken - 1]!;
      yield String.fromCharCode(...this.#bytes.subarray(start, start + this.#lengths[taken - 1]!));
    }
  }

  #find(id: string, hash: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const taken = this.#slots[slot]!;
      if (taken === EMPTY) return -1;
      if (taken !== REMOVED && this.#hashes[taken - 1] === hash && this.#is(taken - 1, id)) return slot;
    }
  }

  #is(row: number, id: string): boolean {
    if (this.#lengths[row] !== id.length) return false;
    const start = this.#starts[row]!;
    for (let at = 0; at < id.length; at += 1) if (this.#bytes[start + at] !== id.charCodeAt(at)) return false;
    return true;
  }

  #newRow(): number {
    const row = this.#rows++;
    if (row === this.#hashes.length) {
      this.#hashes = grown(this.#hashes, 2 * row);
      this.#starts = grown(this.#starts, 2 * row);
      this.#lengths = grown(this.#lengths, 2 * row);
    }
    return row;
  }

  /** Overwrites the row's last id if that was as long. Ids usually are. */
  #write(row: number, id: string): void {
    if (this.#lengths[row]! < id.length) {
      if (this.#bytesUsed + id.length > this.#bytes.length)
        this.#bytes = grown(this.#bytes, 2 * this.#bytes.length);
      this.#starts[row] = this.#bytesUsed;
      this.#bytesUsed += id.length;
    }
    this.#lengths[row] = id.length;
    const start = this.#starts[row]!;
    for (let at = 0; at < id.length; at += 1) this.#bytes[start + at] = id.charCodeAt(at);
  }

  #place(row: number): void {
    const mask = this.#slots.length - 1;
    let slot = this.#hashes[row]! & mask;
    while (this.#slots[slot] !== EMPTY) slot = (slot + 1) & mask;
    this.#slots[slot] = row + 1;
    this.#taken += 1;
  }

  /** Leaves out removed ids. It doubles the slots unless most of them were removed. */
  #rehash(): void {
    const before = this.#slots;
    const isCrowded = this.#size >= (before.length * FULLEST) / 2;
    this.#slots = new Uint32Array(isCrowded ? 2 * before.length : before.length);
    this.#taken = 0;
    for (const taken of before) if (taken !== EMPTY && taken !== REMOVED) this.#place(taken - 1);
  }
}
