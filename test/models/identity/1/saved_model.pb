î/
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
shapeshape:"serve*2.21.02v2.21.0-rc1-5-ga481b10260d8…
?
	x_float32Placeholder*
_output_shapes
:*
dtype0
C
	y_float32Identity	x_float32*
T0*
_output_shapes
:
?
	x_float64Placeholder*
_output_shapes
:*
dtype0
C
	y_float64Identity	x_float64*
T0*
_output_shapes
:
=
x_int32Placeholder*
_output_shapes
:*
dtype0
?
y_int32Identityx_int32*
T0*
_output_shapes
:
=
x_uint8Placeholder*
_output_shapes
:*
dtype0
?
y_uint8Identityx_uint8*
T0*
_output_shapes
:
=
x_int16Placeholder*
_output_shapes
:*
dtype0
?
y_int16Identityx_int16*
T0*
_output_shapes
:
<
x_int8Placeholder*
_output_shapes
:*
dtype0
=
y_int8Identityx_int8*
T0*
_output_shapes
:
>
x_stringPlaceholder*
_output_shapes
:*
dtype0
A
y_stringIdentityx_string*
T0*
_output_shapes
:
A
x_complex64Placeholder*
_output_shapes
:*
dtype0
G
y_complex64Identityx_complex64*
T0*
_output_shapes
:
=
x_int64Placeholder*
_output_shapes
:*
dtype0	
?
y_int64Identityx_int64*
T0	*
_output_shapes
:
<
x_boolPlaceholder*
_output_shapes
:*
dtype0

=
y_boolIdentityx_bool*
T0
*
_output_shapes
:
=
x_qint8Placeholder*
_output_shapes
:*
dtype0
?
y_qint8Identityx_qint8*
T0*
_output_shapes
:
>
x_quint8Placeholder*
_output_shapes
:*
dtype0
A
y_quint8Identityx_quint8*
T0*
_output_shapes
:
>
x_qint32Placeholder*
_output_shapes
:*
dtype0
A
y_qint32Identityx_qint32*
T0*
_output_shapes
:
@

x_bfloat16Placeholder*
_output_shapes
:*
dtype0
E

y_bfloat16Identity
x_bfloat16*
T0*
_output_shapes
:
>
x_qint16Placeholder*
_output_shapes
:*
dtype0
A
y_qint16Identityx_qint16*
T0*
_output_shapes
:
?
	x_quint16Placeholder*
_output_shapes
:*
dtype0
C
	y_quint16Identity	x_quint16*
T0*
_output_shapes
:
>
x_uint16Placeholder*
_output_shapes
:*
dtype0
A
y_uint16Identityx_uint16*
T0*
_output_shapes
:
B
x_complex128Placeholder*
_output_shapes
:*
dtype0
I
y_complex128Identityx_complex128*
T0*
_output_shapes
:
?
	x_float16Placeholder*
_output_shapes
:*
dtype0
C
	y_float16Identity	x_float16*
T0*
_output_shapes
:
>
x_uint32Placeholder*
_output_shapes
:*
dtype0
A
y_uint32Identityx_uint32*
T0*
_output_shapes
:
>
x_uint64Placeholder*
_output_shapes
:*
dtype0
A
y_uint64Identityx_uint64*
T0*
_output_shapes
:
C
x_float8_e5m2Placeholder*
_output_shapes
:*
dtype0
K
y_float8_e5m2Identityx_float8_e5m2*
T0*
_output_shapes
:
E
x_float8_e4m3fnPlaceholder*
_output_shapes
:*
dtype0
O
y_float8_e4m3fnIdentityx_float8_e4m3fn*
T0*
_output_shapes
:
<
x_int4Placeholder*
_output_shapes
:*
dtype0
=
y_int4Identityx_int4*
T0*
_output_shapes
:
=
x_uint4Placeholder*
_output_shapes
:*
dtype0
?
y_uint4Identityx_uint4*
T0*
_output_shapes
:

initNoOp"ª*g
identity_bfloat16R

x
x_bfloat16:0
y
y_bfloat16:0tensorflow/serving/predict*[
identity_boolJ

x
x_bool:0

y
y_bool:0
tensorflow/serving/predict*m
identity_complex128V

x
x_complex128:0
y
y_complex128:0tensorflow/serving/predict*j
identity_complex64T

x
x_complex64:0
y
y_complex64:0tensorflow/serving/predict*d
identity_float16P

x
x_float16:0
y
y_float16:0tensorflow/serving/predict*d
identity_float32P

x
x_float32:0
y
y_float32:0tensorflow/serving/predict*d
identity_float64P

x
x_float64:0
y
y_float64:0tensorflow/serving/predict*v
identity_float8_e4m3fn\

x
x_float8_e4m3fn:0
y
y_float8_e4m3fn:0tensorflow/serving/predict*p
identity_float8_e5m2X

x
x_float8_e5m2:0
y
y_float8_e5m2:0tensorflow/serving/predict*^
identity_int16L

x
	x_int16:0
y
	y_int16:0tensorflow/serving/predict*^
identity_int32L

x
	x_int32:0
y
	y_int32:0tensorflow/serving/predict*[
identity_int4J

x
x_int4:0
y
y_int4:0tensorflow/serving/predict*^
identity_int64L

x
	x_int64:0	
y
	y_int64:0	tensorflow/serving/predict*[
identity_int8J

x
x_int8:0
y
y_int8:0tensorflow/serving/predict*a
identity_qint16N

x

x_qint16:0
y

y_qint16:0tensorflow/serving/predict*a
identity_qint32N

x

x_qint32:0
y

y_qint32:0tensorflow/serving/predict*^
identity_qint8L

x
	x_qint8:0
y
	y_qint8:0tensorflow/serving/predict*d
identity_quint16P

x
x_quint16:0
y
y_quint16:0tensorflow/serving/predict*a
identity_quint8N

x

x_quint8:0
y

y_quint8:0tensorflow/serving/predict*a
identity_stringN

x

x_string:0
y

y_string:0tensorflow/serving/predict*a
identity_uint16N

x

x_uint16:0
y

y_uint16:0tensorflow/serving/predict*a
identity_uint32N

x

x_uint32:0
y

y_uint32:0tensorflow/serving/predict*^
identity_uint4L

x
	x_uint4:0
y
	y_uint4:0tensorflow/serving/predict*a
identity_uint64N

x

x_uint64:0
y

y_uint64:0tensorflow/serving/predict*^
identity_uint8L

x
	x_uint8:0
y
	y_uint8:0tensorflow/serving/predict*c
serving_defaultP

x
x_float32:0
y
y_float32:0tensorflow/serving/predict