import { checkFamily } from "./gradcheck.test-helper.ts";
import { indexingFamily, matmulFamily, reduceFamily, shapingFamily } from "./tensor.test-helper.ts";

checkFamily("gradients of reductions", reduceFamily);
checkFamily("gradients of shape operations", shapingFamily);
checkFamily("gradients of indexing", indexingFamily);
checkFamily("gradients of matrix products", matmulFamily);
