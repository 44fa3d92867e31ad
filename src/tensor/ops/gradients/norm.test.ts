import { checkFamily } from "./gradcheck.test-helper.ts";
import { attentionFamily, normFamily } from "./norm.test-helper.ts";

checkFamily("gradients of normalisations", normFamily);
checkFamily("gradients of attention", attentionFamily);
