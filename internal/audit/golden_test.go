package audit

import "fmt"

// A log of 300 entries {"seq":0} to {"seq":299}, its checkpoint and the proof
// of entry 41. The vectors were made and checked by other implementations of
// RFC 9162 and of the C2SP formats.
const (
	goldenKey        = "audit.example.com/org1+5cedd1a3+AQVL1ehp8WlKOvAk0QrfMrhKZL7cDhOUecOUe+Xf8z3N"
	goldenLeaf41     = "fOFmHTqd7QeobDU4dNAnLMgIWJK2JhFBORZlWttB+9w="
	goldenCheckpoint = `audit.example.com/org1
300
15eSMC/lwjZ4KVhvRRw/knYQ5R2oXVBQoubvHYTzzq8=

— audit.example.com/org1 XO3Ro9Bt9De24xt4sb7iruMBhu+qcIi6qvRlzpMWz7t26H9BO4kjUTMSAxNqDmb+6hVcOV5yhokgWe5qAXNJu8InYAM=
`
	goldenProof = `c2sp.org/tlog-proof@v1
index 41
T3+lB2bhhQ39KWBu4Ipka1kOou5ervZo5GPefrbraR8=
eTE6qRth7gr4PVI4NWisGK6XPsaVI0Oki9Kaow2ZBC4=
nEJnfdKhlh+7josFQGq2Nz5jp/uupVwrdcE2ILsSyrQ=
VLtv7WXgfvjPtSIXUz8wOEtuTKqSIDVTLNVO6AiE/Fs=
rCJpmIyThxIljvQUmkuIQqL32zkJ6ANPzXkguygm4JY=
Q4hAGSmikzJYKidHggITscxVWEFeyBGyUqL5dyMxb3E=
aLUVBWDndhxEsr/YZQycxhTQb2piJ6EmhXTa+byq42w=
MZBNLpb4SEX6UC82sSS+KNMNKVag1xsjfRnINzSRsAs=
6odc/AMPCnLM8oSlYn9ZW7o2tlycZewQWPpejqaLQo4=

` + goldenCheckpoint
)

var goldenRoots = map[int64]string{
	0:   "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
	1:   "pAKw429aroVFc2D88AolRbh91H8xBVPnsNMtbQrEQA0=",
	2:   "/FLXGjaKeY/Zbsflt+5fj5/dEMf/mrFGxOrB5qChsQo=",
	3:   "PbZ2Ze6owm3jQWaMHTGZ9h3kt4CoKFaaiYzkjCjZMfM=",
	7:   "EvKAi8pMShoFMXCjvEsCuz6D/gv4VOQsdbNQL7mqlaI=",
	8:   "ucN3+R2sMSs2ykDR86RChTmocZBkgZc59BYEeNPQFDs=",
	255: "G+BNPssOJ2Ep+u31jZQ6wTv5YAfcuSOrc/+eowNVbIw=",
	256: "seEZrOo8AgMvfp4xtjKwHzWwoh0carRqr3DlKeWyNcc=",
	257: "PGbXf4xtvtpwT4OmeDlDIwP7bgE4V0agSOWlZaBly/Y=",
	300: "15eSMC/lwjZ4KVhvRRw/knYQ5R2oXVBQoubvHYTzzq8=",
}

func goldenLog(tb fataler) *memoryLog {
	tb.Helper()
	log := &memoryLog{root: emptyRoot}
	for i := range 300 {
		log.add(tb, fmt.Appendf(nil, `{"seq":%d}`, i))
	}
	return log
}
