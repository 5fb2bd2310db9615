"""Forms of words that should find each other: built before the analyser was tuned to it.

Each line of a language is one word in forms as members write them: nouns in number and case,
adjectives, verbs in person and tense. Any form, typed, should find any other.
"""

WORDS = {
    "en": """
        mentor mentors mentoring · neighbour neighbours · landlord landlords · apply applies
        applied applying · city cities · library libraries · volunteer volunteers volunteered
        volunteering · translate translated translating · refugee refugees · interview
        interviews interviewed · child's child · register registered registers registering ·
        family families · budget budgets budgeted · arrive arrives arrived arriving · match
        matches matched matching · host hosts hosted hosting · municipality municipalities ·
        training trainings · agree agrees agreed agreeing · evening evenings · parent parents ·
        employer employers · plan plans planned planning · bicycle bicycles · course courses ·
        repair repairs repaired · housing housed · introduce introduced introduces · experience
        experiences experienced""",
    "de": """
        Nachbar Nachbarn · Vermieter Vermieters Vermietern · Antrag Anträge Anträgen ·
        beantragen beantragt beantragte · Bücherei Büchereien · Gemeinde Gemeinden ·
        Ehrenamtliche Ehrenamtlichen Ehrenamtlicher · übersetzen übersetzt übersetzte ·
        Geflüchtete Geflüchteten Geflüchteter · Gespräch Gespräche Gesprächen · Kind Kinder
        Kindern · anmelden anmeldet · Familie Familien · Haushalt Haushalte Haushalten ·
        ankommen ankommt · Zimmer Zimmern · Gastgeber Gastgebern Gastgebers · Stadt Städte
        Städten · Schulung Schulungen · Einigung Einigungen · Abend Abende Abenden · Mutter
        Mütter Müttern · Arbeitgeber Arbeitgebern · planen plant geplante · Fahrrad Fahrräder
        Fahrrädern · Kurs Kurse Kursen · reparieren repariert reparierte · Wohnung Wohnungen ·
        vorstellen vorstellt · Erfahrung Erfahrungen""",
    "fr": """
        mentor mentors · voisin voisine voisins voisines · propriétaire propriétaires · demander
        demande demandé demandons · bibliothèque bibliothèques · commune communes · bénévole
        bénévoles · traduire traduit · réfugié réfugiée réfugiés · entretien entretiens · enfant
        enfants · inscrire inscrit inscrits · famille familles · budget budgets · arriver arrive
        arrivé arrivent · chambre chambres · héberger hébergé hébergeons · ville villes ·
        formation formations · accompagner accompagne accompagné accompagnement · soirée soirées
        · parent parents · employeur employeurs · planifier planifié planifions · vélo vélos ·
        cours cours · réparer réparé réparons · logement logements · local locale locales ·
        expérience expériences""",
    "es": """
        mentor mentores mentora · vecino vecina vecinos vecinas · propietario propietarios
        propietaria · solicitar solicita solicitado solicitamos · biblioteca bibliotecas ·
        ayuntamiento ayuntamientos · voluntario voluntarias voluntarios · traducir traducido ·
        refugiado refugiada refugiados · entrevista entrevistas · niño niña niños · inscribir
        inscriben · familia familias · presupuesto presupuestos · llegar llega llegado llegamos
        · habitación habitaciones · alojar alojado alojamos · ciudad ciudades · formación
        formaciones · acompañar acompañado acompañamos · tarde tardes · padre padres · empleador
        empleadores · planificar planificado planificamos · bicicleta bicicletas · curso cursos
        · reparar reparado reparamos · vivienda viviendas · municipal municipales · experiencia
        experiencias""",
    "it": """
        mentore mentori · vicino vicina vicini vicine · proprietario proprietari proprietaria ·
        chiedere chiedono · biblioteca biblioteche · comune comuni · volontario volontari
        volontaria · tradurre tradurremo · rifugiato rifugiati rifugiata · colloquio colloqui ·
        bambino bambini bambina · iscrivere iscrivono · famiglia famiglie · bilancio bilanci ·
        arrivare arriva arrivato arriviamo · camera camere · ospitare ospita ospitato ospitiamo
        · cittadino cittadini cittadina · corso corsi · accompagnare accompagnato accompagniamo
        · serata serate · genitore genitori · datore datori · pianificare pianificato
        pianificano · bicicletta biciclette · alloggio alloggi · riparare riparato ripariamo ·
        casa case · locale locali · esperienza esperienze""",
    "nl": """
        mentor mentoren · buurman buurmannen · huurder huurders · aanvragen aanvraag ·
        bibliotheek bibliotheken · gemeente gemeenten gemeentes · vrijwilliger vrijwilligers ·
        vertalen vertaald vertaalt · vluchteling vluchtelingen · gesprek gesprekken · kind
        kinderen · inschrijven inschrijving · gezin gezinnen · begroting begrotingen · aankomen
        aankomt · kamer kamers · gastgezin gastgezinnen · stad steden · opleiding opleidingen ·
        begeleiden begeleidt begeleiding · avond avonden · ouder ouders · werkgever werkgevers ·
        plannen plant · fiets fietsen · cursus cursussen · repareren repareert · woning woningen
        · lokaal lokale · ervaring ervaringen""",
    "el": """
        μέντορας μέντορες · γείτονας γείτονες γειτόνων · ιδιοκτήτης ιδιοκτήτες ιδιοκτητών ·
        αίτηση αιτήσεις αιτήσεων · βιβλιοθήκη βιβλιοθήκες βιβλιοθηκών · δήμος δήμου δήμοι ·
        εθελοντής εθελοντές εθελοντών · μεταφράζω μεταφράζει μεταφράζουμε · πρόσφυγας πρόσφυγες
        προσφύγων · συνέντευξη συνεντεύξεις συνεντεύξεων · παιδί παιδιά παιδιών · εγγραφή
        εγγραφές εγγραφών · οικογένεια οικογένειες οικογενειών · προϋπολογισμός προϋπολογισμού
        προϋπολογισμοί · δωμάτιο δωμάτια δωματίου · φιλοξενώ φιλοξενεί φιλοξενούμε · πόλη πόλεις
        πόλης · εκπαίδευση εκπαιδεύσεις · συνοδεύω συνοδεύει συνοδεύουμε · βράδυ βράδια · γονέας
        γονείς γονέων · εργοδότης εργοδότες εργοδοτών · σχέδιο σχέδια σχεδίου · ποδήλατο
        ποδήλατα ποδηλάτου · μάθημα μαθήματα μαθημάτων · επισκευή επισκευές · κατοικία κατοικίες
        κατοικιών · τοπικός τοπική τοπικές τοπικών · εμπειρία εμπειρίες εμπειριών · φίλος φίλοι
        φίλους""",
    "lv": """
        mentors mentori mentoru · kaimiņš kaimiņi kaimiņiem · īpašnieks īpašnieki īpašniekam ·
        pieteikums pieteikumi pieteikumu · bibliotēka bibliotēkas bibliotēkā · pašvaldība
        pašvaldības pašvaldībā · brīvprātīgais brīvprātīgie brīvprātīgajiem · tulkot tulko
        tulkoja · bēglis bēgļi bēgļiem · saruna sarunas sarunām · bērns bērni bērniem bērnu ·
        reģistrēt reģistrē · ģimene ģimenes ģimenēm · budžets budžeti budžetā · istaba istabas
        istabā · viesis viesi viesiem · pilsēta pilsētas pilsētā pilsētu · apmācība apmācības
        apmācību · vakars vakari vakarā · vecāks vecāki vecākiem · darbinieks darbinieki
        darbiniekiem · plāns plāni plānu · velosipēds velosipēdi velosipēdu · kurss kursi kursos
        · remonts remonti remontu · dzīvoklis dzīvokļi dzīvoklī · vietējais vietējie vietējiem ·
        pieredze pieredzes pieredzi · draugs draugi draugiem · skola skolas skolā skolām""",
    "cs": """
        mentor mentoři mentorů · soused sousedé sousedů sousedům · majitel majitelé majitelů ·
        žádost žádosti žádostí · knihovna knihovny knihoven knihovně · obec obce obcí ·
        dobrovolník dobrovolníci dobrovolníků · překládat překládá překládali · uprchlík
        uprchlíci uprchlíků · rozhovor rozhovory rozhovorů · dítě děti dětí · registrace
        registrací · rodina rodiny rodin rodině · rozpočet rozpočty rozpočtu · pokoj pokoje
        pokojů · hostitel hostitelé hostitelů · město města měst městě · školení školením ·
        doprovázet doprovází · večer večery večerů · rodič rodiče rodičů · zaměstnavatel
        zaměstnavatelé zaměstnavatelů · plán plány plánů plánu · kolo kola kolem · kurz kurzy
        kurzů kurzu · oprava opravy opravu opravě · byt byty bytů bytu · místní místních místním
        · zkušenost zkušenosti zkušeností · škola školy školu škole""",
    "no": """
        mentor mentorer mentoren · nabo naboer naboen naboene · utleier utleiere utleieren ·
        søke søker søkte · bibliotek bibliotekene biblioteket · kommune kommuner kommunen ·
        frivillig frivillige · oversette oversetter oversetting · flyktning flyktninger
        flyktningene · samtale samtaler samtalen · barn barna barnet · registrere registrerer
        registrert · familie familier familien familiene · budsjett budsjetter budsjettet ·
        ankomme ankommer · rom rommet rommene · vert verter verten · by byer byen byene ·
        opplæring opplæringen · følge følger · kveld kvelder kvelden · forelder foreldre
        foreldrene · arbeidsgiver arbeidsgivere arbeidsgiveren · plan planer planen planene ·
        sykkel sykler sykkelen · kurs kurset kursene · reparere reparerer reparert · bolig
        boliger boligen boligene · lokal lokale lokalt · erfaring erfaringer erfaringene""",
}


def groups() -> dict[str, list[list[str]]]:
    """By language, the forms of each word."""
    return {
        language: [forms.split() for forms in listed.split("·")]
        for language, listed in WORDS.items()
    }


# Words of one language that look alike and are none of each other's business.
APART = {
    "en": """
        plan plant planet · house horse hose · city cite · host hostel hostile · train trailer ·
        organ organise · universe university · policy police · general generate · new news ·
        market marketing mark · importance import""",
    "de": """
        Wand wandern · Gericht Gerät · Kunde Kunst Kunden künstlich · Stadt Staat Stadion · Gast
        Gas · Rat Ratte Rate · Wohl Wohnung · Arbeit Arzt · Sache Sachse · Brot Brett · Schule
        Schuld · Kirche Kirsche""",
    "fr": """
        port porte · cour cours courir · mais maison · livre livrer libre · ville vivre · pain
        peine · aide aigle · sang sans · boire boite · chat château · accueil accord · voisin
        voix""",
    "es": """
        casa caso cazar · puerto puerta · cuenta cuento · libro libre · hora horno · mano manera
        · barrio barro · pueblo puente · año ano · carta cartera · vida vino · plata plato""",
    "it": """
        casa caso · porto porta · mondo monte · posto posta · pasto pasta · corso corsa · libro
        libero · foglio figlio · mela male · anno ano · comune comunicare · parte partire""",
    "nl": """
        huis huur · kaart kat · maand man · straat staat · school schuld · boek bok · kant krant
        · water watt · werk wereld · tand tante · fiets feest · maken maan""",
    "el": """
        πόλη πολύ πόλεμος · δήμος δημόσιο · χώρα χορός · φίλος φύλλο · σπίτι σπόρος · γράμμα
        γραμμή · μέρα μέρος · κόσμος κόστος · φωνή φως · δρόμος δράμα""",
    "lv": """
        māja māte · pils pilsēta · skola skaits · darbs dārzs · vieta viesis · laiks laime ·
        galds galva · maize maiss · kurss kurpe · plāns plakans · telpa tels""",
    "cs": """
        město místo · byt být · škola škoda · dům dub · ruka rok · práce prach · hlava hlas ·
        les led · voda vodit · kolo koleno · pokoj pokora · plán plavat""",
    "no": """
        by bygg · hus hest · møte mot · skole skog · bok bukt · rom rum · barn bar · tid tiger ·
        dag dam · land lampe · vei vegg · fest fast""",
}


def lookalikes() -> dict[str, list[list[str]]]:
    """By language, words that must not find each other."""
    return {
        language: [words.split() for words in listed.split("·")]
        for language, listed in APART.items()
    }
