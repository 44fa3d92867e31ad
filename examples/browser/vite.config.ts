import { defineConfig } from "vite";
export default defineConfig({ root: import.meta.dirname, base: "./", worker: { format: "es" }, build: { outDir: "/tmp/vb", emptyOutDir: true, target: "es2022" } });
