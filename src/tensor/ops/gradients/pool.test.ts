import { checkFamily } from "./gradcheck.test-helper.ts";
import { poolFamily } from "./pool.test-helper.ts";

checkFamily("gradients of pooling and resizing", poolFamily);
