package drift

import "math"

// Trend is the Mann-Kendall test of a series, such as a quality over builds.
type Trend struct {
	S        int     // concordant less discordant pairs
	Variance float64 // of S without a trend, ties taken into account
	Z        float64
	P        float64 // two-sided, by the normal approximation
	Tau      float64 // Kendall's τ_a: -1 to 1
}

// MannKendall tests a series for a monotone trend. Fewer than three figures have
// none.
func MannKendall(series []float64) Trend {
	n := float64(len(series))
	if n < 3 {
		return Trend{P: 1}
	}
	t := Trend{Variance: n * (n - 1) * (2*n + 5)}
	ties := map[float64]float64{}
	for i, x := range series {
		ties[x]++
		for _, y := range series[i+1:] {
			switch {
			case y > x:
				t.S++
			case y < x:
				t.S--
			}
		}
	}
	correction := 0.0 // of whole numbers, so that the order of the map is nothing
	for _, k := range ties {
		correction += k * (k - 1) * (2*k + 5)
	}
	t.Variance = (t.Variance - correction) / 18
	t.Tau = float64(t.S) / (n * (n - 1) / 2)
	t.Z, t.P = 0, 1
	if t.S != 0 && t.Variance > 0 {
		towards0 := math.Copysign(1, float64(t.S))
		t.Z = (float64(t.S) - towards0) / math.Sqrt(t.Variance)
		t.P = math.Erfc(math.Abs(t.Z) / math.Sqrt2)
	}
	return t
}

// Kappa returns Cohen's kappa of two judges, whose agreement a square table
// counts: rows are the verdicts of one, columns those of the other. It is 0
// where chance explains everything, and NaN for a table that is not square or
// is empty.
func Kappa(table [][]float64) float64 {
	n, agreed := 0.0, 0.0
	rows, columns := make([]float64, len(table)), make([]float64, len(table))
	for i, row := range table {
		if len(row) != len(table) {
			return math.NaN()
		}
		for j, count := range row {
			n += count
			rows[i] += count
			columns[j] += count
		}
		agreed += row[i]
	}
	chance := 0.0
	for i := range rows {
		chance += rows[i] / n * columns[i] / n
	}
	return (agreed/n - chance) / (1 - chance)
}

// RoganGladen returns the true rate behind one that a judge with a known
// sensitivity and specificity observed, within 0 to 1; NaN for a judge no
// better than chance.
func RoganGladen(observed, sensitivity, specificity float64) float64 {
	better := sensitivity + specificity - 1
	if !(better > 0) {
		return math.NaN()
	}
	return min(1, max(0, (observed+specificity-1)/better))
}
