import { convFamily } from "./conv.test-helper.ts";
import { checkFamily } from "./gradcheck.test-helper.ts";

checkFamily("gradients of convolutions", convFamily);
