package audit

// blobs checks that each blob is stored by its own hash.
func (v *verifier) blobs(log Log) error {
	all := log.Blobs()
	if all == nil {
		return nil
	}
	for b, err := range all {
		if err != nil {
			return err
		}
		if Sum(b.Doc) != b.Sum {
			v.report.add(FaultBlob, -1, "the blob %s does not hash to its name", b.Sum)
		}
	}
	return nil
}

// named checks that the blob which a record names is there, if it names one.
func (v *verifier) named(log Log, seq int64, sum string) error {
	if sum == "" || log.Blobs() == nil {
		return nil
	}
	found, err := log.HasBlob(sum)
	if err == nil && !found {
		v.report.add(FaultMissingBlob, seq, "the evidence of the verdict, %s, is gone", sum)
	}
	return err
}
