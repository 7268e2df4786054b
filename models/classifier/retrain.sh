#!/bin/sh
# Trains the classifier again and writes models/pincel-classifier.tflite. Seeds
# are fixed; what was interrupted goes on where it was. Run it in the project's
# top folder, after `npm run build`. PYTHON, PICTURES, TEACHER and WORK may be
# given; Debian's python3-torch, python3-numpy and python3-pil are enough.
set -e
python=${PYTHON:-python3}
pictures=${PICTURES:-../shared/training/caltech101}
work=${WORK:-build/classifier}
# One thread, and an allocator that keeps its memory: together they halve the time.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=100000000000
here=models/classifier
$python $here/views.py --pictures "$pictures" --work "$work" --teacher "${TEACHER:-../shared/zoo/mobilenet_v2_ptq.tflite}"
$python $here/train.py --pictures "$pictures" --work "$work"
$python $here/export.py --pictures "$pictures" --work "$work"
node models/register.mjs
