package gate

// srmLogE returns the log e-value of a split of units against the expected
// share of the treatment: the Dirichlet-multinomial e-process of Lindon and
// Malek (arXiv:2011.03567), with prior weight c. It may be looked at
// continuously: by chance it ever reaches ln(1/alpha) with probability alpha.
func srmLogE(treatment, control, expected, c float64) float64 {
	n := treatment + control
	logE := lnGamma(c) - lnGamma(c+n)
	for _, arm := range [...]struct{ n, share float64 }{{treatment, expected}, {control, 1 - expected}} {
		prior := float64(c * arm.share)
		logE += lnGamma(prior+arm.n) - lnGamma(prior) - float64(arm.n*ln(arm.share))
	}
	return logE
}
