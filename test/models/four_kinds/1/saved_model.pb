‘
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
shapeshape:"serve*2.21.02v2.21.0-rc1-5-ga481b10260d8Ÿ
<
an_intPlaceholder*
_output_shapes
:*
dtype0
>
a_stringPlaceholder*
_output_shapes
:*
dtype0
=
a_floatPlaceholder*
_output_shapes
:*
dtype0
>
a_doublePlaceholder*
_output_shapes
:*
dtype0
?
IdentityIdentityan_int*
T0*
_output_shapes
:
C

Identity_1Identitya_string*
T0*
_output_shapes
:
B

Identity_2Identitya_float*
T0*
_output_shapes
:
C

Identity_3Identitya_double*
T0*
_output_shapes
:

initNoOp"ª*½
serving_default©

a_double

a_double:0

a_float
	a_float:0

a_string

a_string:0

an_int
an_int:0$
a_double_out
Identity_3:0#
a_float_out
Identity_2:0$
a_string_out
Identity_1:0 

an_int_out

Identity:0tensorflow/serving/predict