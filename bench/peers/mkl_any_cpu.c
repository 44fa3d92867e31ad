/* PyTorch's CPU wheels carry MKL, which gives its AVX-512 kernels to Intel processors only; on AMD it stays with AVX2. This one
   function, preloaded, makes it look at what the processor can do. It shows PyTorch at its best; the wheels as shipped are the
   ordinary peer. Report both where they differ, and say which is which.
     cc -shared -fPIC -O2 -o mkl_any_cpu.so mkl_any_cpu.c
     LD_PRELOAD=./mkl_any_cpu.so python torch_peer.py */
int mkl_serv_intel_cpu_true(void) { return 1; }
