/** Where Lyceum keeps what may be computed again. */
import path from "node:path";
import { cacheFolder } from "../data/resolve.ts";

/** The teacher store: `LYCEUM_STORE`, or beside the data cache. */
export const storeFolder = (): string => process.env.LYCEUM_STORE ?? path.join(path.dirname(cacheFolder()), "store");
