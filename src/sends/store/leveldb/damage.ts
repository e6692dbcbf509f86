/** A file of LevelDB is not what LevelDB wrote. */
export class Damage extends Error {}
