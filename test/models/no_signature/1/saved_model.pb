³
¬}
.
Identity

input"T
output"T"	
Ttype

NoOp
C
Placeholder
output"dtype"
dtypetype"
shapeshape:"serve*2.21.02v2.21.0-rc1-5-ga481b10260d8
7
xPlaceholder*
_output_shapes
:*
dtype0
3
yIdentityx*
T0*
_output_shapes
:

initNoOp"ª