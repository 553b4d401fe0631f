#pragma once
#include <cblas.h>

// The two LAPACK routines that evaluation needs; OpenBLAS carries them, its C header does not declare them.
void dsyevd_(const char *job, const char *triangle, const int *order, double *matrix, const int *leading,
             double *eigenvalues, double *work, const int *workSize, int *integerWork,
             const int *integerWorkSize, int *info);
void dposv_(const char *triangle, const int *order, const int *columns, double *matrix, const int *leading,
            double *right, const int *rightLeading, int *info);
