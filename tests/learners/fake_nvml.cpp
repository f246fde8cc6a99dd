// Stands in for the driver's library: one GPU, which is busy for 60 % of the time.
#include <cstring>

extern "C" {
int nvmlInit_v2() { return 0; }
int nvmlShutdown() { return 0; }
int nvmlDeviceGetHandleByPciBusId_v2(const char* bus_id, void** device) {
  static int gpu = 0;
  *device = &gpu;
  constexpr int kNotFound = 6;
  return std::strcmp(bus_id, "0000:3B:00.0") == 0 ? 0 : kNotFound;
}
struct Utilization {
  unsigned gpu, memory;
};
int nvmlDeviceGetUtilizationRates(void*, Utilization* rates) {
  *rates = {60, 10};
  return 0;
}
}
