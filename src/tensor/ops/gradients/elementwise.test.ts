import { elementwiseFamily } from "./elementwise.test-helper.ts";
import { checkFamily } from "./gradcheck.test-helper.ts";

checkFamily("gradients of element-wise operations", elementwiseFamily);
