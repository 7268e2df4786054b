#ifndef PCL_OPS_SINE_H
#define PCL_OPS_SINE_H

/* sin(x + quarters * pi / 2), within one unit in the last place for every finite x; otherwise NaN. The C library's
 * reduction of great angles is five times this one's size. */
float pcl_sine(float x, unsigned quarters);

#endif
